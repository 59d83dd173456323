import { setFlagsFromString } from 'node:v8';

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
