import { Worker } from 'node:worker_threads';
import { corePlugins, type CheckedBlock, type Rejected, type SpaceDescriptor } from '@cosmicembeddings/sdk';
import type { VerifierName } from './crypto/index.js';
import type { CheckedParts, VerifyReply, VerifyRequest, VerifySetup } from './verify-worker.js';
import { handOver, type Worked } from '../thread-work.js';
import { workerMemory } from '../worker-memory.js';

export type CheckResult = CheckedBlock | Rejected;

/** Checks blocks off the event loop, in batches. Bounded: the caller limits what it hands in. */
export interface VerifyPool {
  /** Network validity of one block's bytes. Rejects only when the worker at it dies of a defect. */
  check(wire: Uint8Array): Promise<CheckResult>;
  /** Which Ed25519 verifier the workers run. */
  readonly verifier: string;
  /** What is wrong with it, in words; with `stopped` nothing is checked any more. */
  fault(): { readonly detail: string; readonly stopped: boolean } | undefined;
  close(): Promise<void>;
}

export interface VerifyOptions {
  readonly network: string;
  /** Modules of plug-ins: the workers build the same registry. */
  readonly plugins: readonly string[];
  readonly workers: number;
  readonly verifier: VerifierName | 'auto';
  /** A kind did not come to an end with a block, and is not asked any more until the next start. */
  onBarred?(kind: string): void;
  /** A batch that takes so long is ended. Default 10 s: it is done in some tens of milliseconds. */
  readonly hangMs?: number;
}

interface Waiting {
  readonly wire: Uint8Array;
  /** It was in a batch that did not come to an end: sent by itself, and then without asking its kind. */
  readonly suspect?: 'alone' | 'bare';
  readonly worked?: ((worked: Worked) => void) | undefined;
  resolve(result: CheckResult): void;
  reject(error: unknown): void;
}

const BATCH_MAX = 64;
const BATCH_MAX_BYTES = 1 << 20;
/** Batches under way per worker: one being checked, one waiting, so that a worker never idles. */
const DEPTH = 2;
const HANG_MS = 10_000;
const LOOKS = 4;
/** These are ours, and end. */
const coreKinds = new Set(corePlugins.flatMap(({ kinds }) => kinds.map(({ name }) => name)));
const DESCRIPTORS_MAX = 16_384;
const DIGEST_BYTES = 32;

/** Blocks of these sizes cost milliseconds to check, not microseconds; a version-1 text is read and written anew. */
const HEAVY_BYTES = 256 * 1024;
const HEAVY_TEXT_BYTES = 32 * 1024;
/** While others wait, heavy blocks get one worker for so large a part of the time: one in HEAVY_PART. */
const HEAVY_PART = 4;

class Lane {
  readonly batches: Waiting[][] = [];
  /** Looks of the watchdog since its worker began with the first of them. */
  looks = 0;
  /** Its worker has loaded what it needs. */
  isReady = false;
  /** Is a heavy block all that this lane is at? */
  heavy = false;
  /** Descriptors by space, as this lane's worker has told them; it forgets after 4096, so a few more may be held here. */
  descriptors = new Map<string, SpaceDescriptor>();
  constructor(public worker: Worker) {}
}

function isAtSuspect({ batches }: Lane): boolean {
  return batches.some(([first]) => first?.suspect !== undefined);
}

function isHeavy(wire: Uint8Array): boolean {
  return wire.length > (wire[0] === 0x7b ? HEAVY_TEXT_BYTES : HEAVY_BYTES);
}

export async function createVerifyPool(options: VerifyOptions): Promise<VerifyPool> {
  const setup: VerifySetup = { network: options.network, plugins: options.plugins, verifier: options.verifier };
  const open = (): Worker =>
    new Worker(new URL('./verify-worker.js', import.meta.url), { workerData: setup, resourceLimits: workerMemory });
  const workers = Math.max(1, options.workers);
  const lanes = Array.from({ length: workers }, () => new Lane(open()));
  const light: Waiting[] = [];
  const heavy: Waiting[] = [];
  const suspects: Waiting[] = [];
  const barred = new Set<string>();
  const hangMs = options.hangMs ?? HANG_MS;
  let hasStarted = false;
  let heavySinceMs = 0;
  let heavyAgainMs = 0;
  let fault: unknown;
  /** Why workers that ended could not be started again. */
  let lost: unknown;

  /** Light blocks go by heavy ones: these are checked by one worker, which the others then leave alone. */
  const pump = (): void => {
    const one = lanes.length === 1;
    startHeavy();
    // One lane at a time is at what may hold it up.
    const free = lanes.find(({ batches }) => batches.length < DEPTH);
    if (free !== undefined && suspects.length > 0 && !lanes.some(isAtSuspect))
      send(free, suspects.splice(0, 1), barred);
    for (const lane of lanes)
      while (light.length > 0 && lane.batches.length < DEPTH && (one || !lane.heavy) && !isAtSuspect(lane))
        send(lane, takeBatch(light), barred);
    startHeavy();
  };
  const startHeavy = (): void => {
    if (heavy.length === 0 || lanes.some((lane) => lane.heavy)) return;
    const othersWait = light.length > 0 || lanes.some((lane) => lane.batches.length > 0);
    const nowMs = performance.now();
    if (othersWait && nowMs < heavyAgainMs) return;
    const lane = lanes.find(({ batches }) => batches.length === 0);
    if (lane === undefined) return;
    lane.heavy = true;
    heavySinceMs = nowMs;
    send(lane, heavy.splice(0, 1), barred);
  };
  const fail = (error: unknown): void => {
    fault ??= error;
    const waiting = [
      ...light.splice(0),
      ...heavy.splice(0),
      ...suspects.splice(0),
      ...lanes.flatMap(({ batches }) => batches.splice(0).flat()),
    ];
    for (const item of waiting) item.reject(error);
  };
  const take = (lane: Lane, reply: Exclude<VerifyReply, { type: 'ready' }>): void => {
    for (const [space, descriptor] of reply.descriptors) lane.descriptors.set(space, descriptor);
    const batch = lane.batches.shift();
    // What was given up is answered by nobody.
    if (batch === undefined) return;
    lane.looks = 0;
    if (lane.heavy) {
      lane.heavy = false;
      heavyAgainMs = performance.now() + (HEAVY_PART - 1) * (performance.now() - heavySinceMs);
    }
    const results = JSON.parse(reply.results) as (CheckedParts | Rejected)[];
    batch.forEach((item, i) => {
      const result = results[i]!;
      if (item.suspect === 'bare' && result.status === 'checked') bar(result.entry.kind);
      const digest = reply.digests.subarray(i * DIGEST_BYTES, (i + 1) * DIGEST_BYTES);
      item.worked?.(reply.worked);
      item.resolve(verdictOf(item.wire, result, digest, lane.descriptors));
    });
    while (lane.descriptors.size > DESCRIPTORS_MAX) lane.descriptors.delete(lane.descriptors.keys().next().value!);
    pump();
  };
  const bar = (kind: string): void => {
    if (barred.has(kind) || coreKinds.has(kind)) return;
    barred.add(kind);
    options.onBarred?.(kind);
  };
  /** A lane whose worker cannot be started any more: others take what waited for it. */
  const giveUp = (lane: Lane): void => {
    lanes.splice(lanes.indexOf(lane), 1);
    for (const item of lane.batches.splice(0).flat())
      if (item.suspect !== undefined) suspects.push(item);
      else (isHeavy(item.wire) ? heavy : light).unshift(item);
    pump();
  };
  /** Another worker for a lane; what waited behind the first batch goes to whichever is free. */
  const replace = (lane: Lane): Waiting[] => {
    const [lost = [], ...waiting] = lane.batches.splice(0);
    light.unshift(...waiting.flat().filter(({ suspect }) => suspect === undefined));
    suspects.unshift(...waiting.flat().filter(({ suspect }) => suspect !== undefined));
    lane.heavy = false;
    lane.descriptors = new Map();
    lane.worker = open();
    lane.isReady = false;
    void attend(lane).catch(() => undefined);
    return lost;
  };
  /**
   * Whoever is at one batch for so long does not come to an end: a plug-in's kind. Looks are counted, not time: while this thread
   * itself is held up, answers lie here unread.
   */
  const watchdog = setInterval(() => {
    if (options.plugins.length === 0) return;
    for (const lane of lanes) {
      if (!lane.isReady || lane.batches.length === 0 || ++lane.looks <= LOOKS) continue;
      const { worker } = lane;
      worker.removeAllListeners();
      // It may still fail while it is ended.
      worker.on('error', () => undefined);
      void worker.terminate();
      const lost = replace(lane);
      const isKnown = lost.length === 1;
      for (const { suspect, ...item } of lost)
        if (suspect === 'bare') item.reject(new Error('a block was not checked within the time that is given'));
        else suspects.push({ ...item, suspect: isKnown ? 'bare' : 'alone' });
    }
    pump();
  }, hangMs / LOOKS);
  watchdog.unref();
  /** Resolves with the verifier's name; a worker that ends later is replaced, and only what it was at is lost. */
  const attend = (lane: Lane): Promise<string> =>
    new Promise<string>((resolve, reject) => {
      const { worker } = lane;
      worker.on('message', (reply: VerifyReply) => {
        if (reply.type !== 'ready') return take(lane, reply);
        lane.isReady = true;
        lane.looks = 0;
        resolve(reply.verifier);
      });
      worker.on('error', (error) => {
        reject(error);
        if (fault !== undefined) return fail(error);
        // One that cannot even start would be replaced for ever: the others go on without it.
        if (!lane.isReady) {
          lost = error;
          return lanes.length > 1 && hasStarted ? giveUp(lane) : fail(error);
        }
        for (const item of replace(lane)) item.reject(error);
        pump();
      });
    });
  const verifier = (await Promise.all(lanes.map(attend)))[0]!;
  hasStarted = true;
  let scheduled = false;

  return {
    verifier,
    fault: () => {
      if (lost === undefined) return undefined;
      const stopped = fault !== undefined;
      const what = stopped
        ? 'blocks are not checked any more'
        : `blocks are checked by ${lanes.length} of ${workers} threads`;
      return {
        detail: `${what}: a thread cannot be started again: ${String(lost).slice(0, 300)}; restart the node`,
        stopped,
      };
    },
    check: (wire) =>
      new Promise<CheckResult>((resolve, reject) => {
        if (fault !== undefined) return reject(fault);
        (isHeavy(wire) ? heavy : light).push({ wire, worked: handOver('verify'), resolve, reject });
        if (light.length >= BATCH_MAX) pump();
        else if (!scheduled) {
          scheduled = true;
          setImmediate(() => {
            scheduled = false;
            pump();
          });
        }
      }),
    close: async () => {
      clearInterval(watchdog);
      fault ??= new Error('verify pool is closed');
      await Promise.all(lanes.map((lane) => lane.worker.terminate()));
      fail(fault);
    },
  };
}

function takeBatch(queue: Waiting[]): Waiting[] {
  let bytes = 0;
  let count = 0;
  while (
    count < queue.length &&
    count < BATCH_MAX &&
    (count === 0 || bytes + queue[count]!.wire.length <= BATCH_MAX_BYTES)
  )
    bytes += queue[count++]!.wire.length;
  return queue.splice(0, count);
}

function send(lane: Lane, batch: Waiting[], barred: ReadonlySet<string>): void {
  const lengths = batch.map((item) => item.wire.length);
  const bytes = new Uint8Array(lengths.reduce((sum, length) => sum + length, 0));
  let at = 0;
  for (const item of batch) {
    bytes.set(item.wire, at);
    at += item.wire.length;
  }
  if (lane.batches.length === 0) lane.looks = 0;
  lane.batches.push(batch);
  const request: VerifyRequest = { bytes, lengths, barred: batch[0]?.suspect === 'bare' ? 'all' : [...barred] };
  lane.worker.postMessage(request, [bytes.buffer]);
}

/** The worker answers offsets; the bytes themselves never come back, they are still here. */
function verdictOf(
  wire: Uint8Array,
  result: CheckedParts | Rejected,
  digest: Uint8Array,
  descriptors: ReadonlyMap<string, SpaceDescriptor>,
): CheckResult {
  if (result.status === 'rejected') return result;
  const { id, format, timeMs, entry, headerOnly, envelopeEnd } = result;
  const descriptor = entry.space === undefined ? undefined : descriptors.get(entry.space);
  // It was parsed for this alone.
  if (descriptor !== undefined) (entry as { descriptor?: SpaceDescriptor }).descriptor = descriptor;
  const whole = format === 'python/1';
  return {
    status: 'checked',
    id,
    format,
    timeMs,
    entry,
    headerOnly,
    digest,
    envelope: whole ? wire : wire.subarray(0, envelopeEnd),
    body: whole || headerOnly ? null : wire.subarray(envelopeEnd),
  };
}
