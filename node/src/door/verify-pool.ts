import { Worker } from 'node:worker_threads';
import type { CheckedBlock, Rejected, SpaceDescriptor } from '@cosmicembeddings/sdk';
import type { VerifierName } from './crypto/index.js';
import type { CheckedParts, VerifyReply, VerifyRequest, VerifySetup } from './verify-worker.js';
import { workerMemory } from '../worker-memory.js';

export type Verdict = CheckedBlock | Rejected;

/** Checks blocks off the event loop, in batches. Bounded: the caller limits what it hands in. */
export interface VerifyPool {
  /** Network validity of one block's bytes. Rejects only when a worker dies of a defect. */
  check(wire: Uint8Array): Promise<Verdict>;
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
  resolve(verdict: Verdict): void;
  reject(error: unknown): void;
}

const BATCH_MAX = 64;
const BATCH_MAX_BYTES = 1 << 20;
/** Batches under way per worker: one being checked, one waiting, so that a worker never idles. */
const DEPTH = 2;
const DESCRIPTORS_MAX = 16_384;
const DIGEST_BYTES = 32;

class Lane {
  readonly batches: Waiting[][] = [];
  /** Descriptors by space, as this lane's worker has told them; it forgets after 4096, so a few more may be held here. */
  readonly descriptors = new Map<string, SpaceDescriptor>();
  constructor(readonly worker: Worker) {}
}

export async function createVerifyPool(options: VerifyOptions): Promise<VerifyPool> {
  const setup: VerifySetup = { network: options.network, plugins: options.plugins, verifier: options.verifier };
  const lanes = Array.from(
    { length: Math.max(1, options.workers) },
    () =>
      new Lane(
        new Worker(new URL('./verify-worker.js', import.meta.url), { workerData: setup, resourceLimits: workerMemory }),
      ),
  );
  const queue: Waiting[] = [];
  let fault: unknown;

  const pump = (): void => {
    for (const lane of lanes) {
      while (queue.length > 0 && lane.batches.length < DEPTH) send(lane, takeBatch(queue));
    }
  };
  const fail = (error: unknown): void => {
    fault ??= error;
    const waiting = [...queue.splice(0), ...lanes.flatMap((lane) => lane.batches.splice(0).flat())];
    for (const item of waiting) item.reject(error);
  };

  const ready = lanes.map(
    (lane) =>
      new Promise<string>((resolve, reject) => {
        lane.worker.on('message', (reply: VerifyReply) => {
          if (reply.type === 'ready') return resolve(reply.verifier);
          for (const [space, descriptor] of reply.descriptors) lane.descriptors.set(space, descriptor);
          const batch = lane.batches.shift()!;
          const results = JSON.parse(reply.results) as (CheckedParts | Rejected)[];
          batch.forEach((item, i) => {
            const digest = reply.digests.subarray(i * DIGEST_BYTES, (i + 1) * DIGEST_BYTES);
            item.resolve(verdictOf(item.wire, results[i]!, digest, lane.descriptors));
          });
          while (lane.descriptors.size > DESCRIPTORS_MAX)
            lane.descriptors.delete(lane.descriptors.keys().next().value!);
          pump();
        });
        lane.worker.on('error', (error) => {
          reject(error);
          fail(error);
        });
      }),
  );
  const verifier = (await Promise.all(ready))[0]!;
  let scheduled = false;

  return {
    verifier,
    check: (wire) =>
      new Promise<Verdict>((resolve, reject) => {
        if (fault !== undefined) return reject(fault);
        queue.push({ wire, resolve, reject });
        if (queue.length >= BATCH_MAX) pump();
        else if (!scheduled) {
          scheduled = true;
          setImmediate(() => {
            scheduled = false;
            pump();
          });
        }
      }),
    close: async () => {
      await Promise.all(lanes.map((lane) => lane.worker.terminate()));
      fail(new Error('verify pool is closed'));
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
  const request: VerifyRequest = { bytes, lengths, nowMs: Date.now() };
  lane.worker.postMessage(request, [bytes.buffer]);
}

/** The worker answers offsets; the bytes themselves never come back, they are still here. */
function verdictOf(
  wire: Uint8Array,
  result: CheckedParts | Rejected,
  digest: Uint8Array,
  descriptors: ReadonlyMap<string, SpaceDescriptor>,
): Verdict {
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
