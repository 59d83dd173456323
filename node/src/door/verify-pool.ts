import { Worker } from 'node:worker_threads';
import type { CheckedBlock, Rejected, SpaceDescriptor } from '@cosmicembeddings/sdk';
import type { VerifierName } from './crypto/index.js';
import type { CheckedParts, VerifyReply, VerifyRequest, VerifySetup } from './verify-worker.js';
import { workerMemory } from '../worker-memory.js';

export type CheckResult = CheckedBlock | Rejected;

/** Checks blocks off the event loop, in batches. Bounded: the caller limits what it hands in. */
export interface VerifyPool {
  /** Network validity of one block's bytes. Rejects only when the worker at it dies of a defect. */
  check(wire: Uint8Array): Promise<CheckResult>;
  /** Which Ed25519 verifier the workers run. */
  readonly verifier: string;
  close(): Promise<void>;
}

export interface VerifyOptions {
  readonly network: string;
  /** Modules of plug-ins: the workers build the same registry. */
  readonly plugins: readonly string[];
  readonly workers: number;
  readonly verifier: VerifierName | 'auto';
}

interface Waiting {
  readonly wire: Uint8Array;
  resolve(result: CheckResult): void;
  reject(error: unknown): void;
}

const BATCH_MAX = 64;
const BATCH_MAX_BYTES = 1 << 20;
/** Batches under way per worker: one being checked, one waiting, so that a worker never idles. */
const DEPTH = 2;
const DESCRIPTORS_MAX = 16_384;
const DIGEST_BYTES = 32;

/** Blocks of these sizes cost milliseconds to check, not microseconds; a version-1 text is read and written anew. */
const HEAVY_BYTES = 256 * 1024;
const HEAVY_TEXT_BYTES = 32 * 1024;
/** While others wait, heavy blocks get one worker for so large a part of the time: one in HEAVY_PART. */
const HEAVY_PART = 4;

class Lane {
  readonly batches: Waiting[][] = [];
  /** Is a heavy block all that this lane is at? */
  heavy = false;
  /** Descriptors by space, as this lane's worker has told them; it forgets after 4096, so a few more may be held here. */
  descriptors = new Map<string, SpaceDescriptor>();
  constructor(public worker: Worker) {}
}

function isHeavy(wire: Uint8Array): boolean {
  return wire.length > (wire[0] === 0x7b ? HEAVY_TEXT_BYTES : HEAVY_BYTES);
}

export async function createVerifyPool(options: VerifyOptions): Promise<VerifyPool> {
  const setup: VerifySetup = { network: options.network, plugins: options.plugins, verifier: options.verifier };
  const open = (): Worker =>
    new Worker(new URL('./verify-worker.js', import.meta.url), { workerData: setup, resourceLimits: workerMemory });
  const lanes = Array.from({ length: Math.max(1, options.workers) }, () => new Lane(open()));
  const light: Waiting[] = [];
  const heavy: Waiting[] = [];
  let heavySinceMs = 0;
  let heavyAgainMs = 0;
  let fault: unknown;

  /** Light blocks go by heavy ones: these are checked by one worker, which the others then leave alone. */
  const pump = (): void => {
    const one = lanes.length === 1;
    startHeavy();
    for (const lane of lanes)
      while (light.length > 0 && lane.batches.length < DEPTH && (one || !lane.heavy)) send(lane, takeBatch(light));
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
    send(lane, heavy.splice(0, 1));
  };
  const fail = (error: unknown): void => {
    fault ??= error;
    const waiting = [
      ...light.splice(0),
      ...heavy.splice(0),
      ...lanes.flatMap(({ batches }) => batches.splice(0).flat()),
    ];
    for (const item of waiting) item.reject(error);
  };
  const take = (lane: Lane, reply: Exclude<VerifyReply, { type: 'ready' }>): void => {
    for (const [space, descriptor] of reply.descriptors) lane.descriptors.set(space, descriptor);
    const batch = lane.batches.shift()!;
    if (lane.heavy) {
      lane.heavy = false;
      heavyAgainMs = performance.now() + (HEAVY_PART - 1) * (performance.now() - heavySinceMs);
    }
    const results = JSON.parse(reply.results) as (CheckedParts | Rejected)[];
    batch.forEach((item, i) => {
      const digest = reply.digests.subarray(i * DIGEST_BYTES, (i + 1) * DIGEST_BYTES);
      item.resolve(verdictOf(item.wire, results[i]!, digest, lane.descriptors));
    });
    while (lane.descriptors.size > DESCRIPTORS_MAX) lane.descriptors.delete(lane.descriptors.keys().next().value!);
    pump();
  };
  /** Resolves with the verifier's name; a worker that ends later is replaced, and only what it was at is lost. */
  const attend = (lane: Lane): Promise<string> =>
    new Promise<string>((resolve, reject) => {
      const { worker } = lane;
      let isReady = false;
      worker.on('message', (reply: VerifyReply) => {
        if (reply.type !== 'ready') return take(lane, reply);
        isReady = true;
        resolve(reply.verifier);
      });
      worker.on('error', (error) => {
        reject(error);
        // One that cannot even start would be replaced for ever.
        if (!isReady || fault !== undefined) return fail(error);
        const [lost = [], ...waiting] = lane.batches.splice(0);
        light.unshift(...waiting.flat());
        lane.heavy = false;
        lane.descriptors = new Map();
        lane.worker = open();
        void attend(lane).catch(() => undefined);
        for (const item of lost) item.reject(error);
        pump();
      });
    });
  const verifier = (await Promise.all(lanes.map(attend)))[0]!;
  let scheduled = false;

  return {
    verifier,
    check: (wire) =>
      new Promise<CheckResult>((resolve, reject) => {
        if (fault !== undefined) return reject(fault);
        (isHeavy(wire) ? heavy : light).push({ wire, resolve, reject });
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

function send(lane: Lane, batch: Waiting[]): void {
  const lengths = batch.map((item) => item.wire.length);
  const bytes = new Uint8Array(lengths.reduce((sum, length) => sum + length, 0));
  let at = 0;
  for (const item of batch) {
    bytes.set(item.wire, at);
    at += item.wire.length;
  }
  lane.batches.push(batch);
  const request: VerifyRequest = { bytes, lengths };
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
  const { envelopeEnd, entry: plain, ...parts } = result;
  const descriptor = plain.space === undefined ? undefined : descriptors.get(plain.space);
  const whole = parts.format === 'python/1';
  return {
    ...parts,
    entry: descriptor === undefined ? plain : { ...plain, descriptor },
    digest,
    envelope: whole ? wire : wire.subarray(0, envelopeEnd),
    body: whole || parts.headerOnly ? null : wire.subarray(envelopeEnd),
  };
}
