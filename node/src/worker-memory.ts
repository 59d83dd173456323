import { performance } from 'node:perf_hooks';
import { getHeapSpaceStatistics, getHeapStatistics, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/**
 * Room for new objects in each worker's heap, in megabytes. The default, 48 of them a worker, is what a program needs that
 * allocates all the time; half a dozen workers would hold it for nothing.
 */
export const workerMemory = { maxYoungGenerationSizeMb: 12 } as const;

/**
 * Each thread collects what it allocated itself. By default V8 wakes helper threads for every small collection, which a process of a dozen
 * busy threads pays for twice: in waking them, and in the cores that they take from the others. Marking of old objects stays beside.
 * Before workers start.
 */
export function collectAlone(): void {
  setFlagsFromString('--no-parallel-scavenge');
  setFlagsFromString('--no-concurrent-array-buffer-sweeping');
}

/** A thread that did next to nothing for so long rests. */
const REST_MS = 500;
const RESTS_BELOW = 0.2;
/** V8 gives back the room for new objects when for 5 s hardly any were made. */
const LONG_RESTS = 12;
/** Less than this is not worth a collection, which stops the thread for some milliseconds. */
const WORTH_BYTES = 6_000_000;

/**
 * When this thread comes to rest after work that made its heap grow, it calls `release` and collects: what a bulk of blocks left
 * behind is garbage that V8 would keep until the heap has doubled, which may be never. Once more after some seconds, for the room
 * for new objects. A thread that is busy is left to V8. Returns what ends it.
 */
export function tidyAtRest({
  worthBytes = WORTH_BYTES,
  release = () => undefined,
}: { readonly worthBytes?: number; readonly release?: () => void } = {}): () => void {
  const collect = collector();
  let last = performance.eventLoopUtilization();
  let rests = 0;
  let keptBytes = 0;
  const timer = setInterval(() => {
    const now = performance.eventLoopUtilization();
    const { utilization } = performance.eventLoopUtilization(now, last);
    last = now;
    rests = utilization > RESTS_BELOW ? 0 : rests + 1;
    if (rests === 1) {
      const heldBytes = held();
      keptBytes = Math.min(keptBytes, heldBytes);
      if (heldBytes - keptBytes < worthBytes) return;
      release();
      // The second one moves together what the first one left scattered over half-empty pages.
      collect();
      collect();
      keptBytes = held();
    } else if (rests === LONG_RESTS && roomForNew() * 2 > worthBytes) {
      collect();
      keptBytes = held();
    }
  }, REST_MS).unref();
  return () => clearInterval(timer);
}

function roomForNew(): number {
  return getHeapSpaceStatistics().find(({ space_name: name }) => name === 'new_space')?.physical_space_size ?? 0;
}

function held(): number {
  const { total_physical_size: heap, external_memory: beside } = getHeapStatistics();
  return heap + beside;
}

/** A whole collection, which V8 offers under a flag alone. */
function collector(): () => void {
  setFlagsFromString('--expose-gc');
  return (runInNewContext('globalThis.gc') as (() => void) | undefined) ?? (() => undefined);
}
