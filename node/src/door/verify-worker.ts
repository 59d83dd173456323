import { parentPort, workerData } from 'node:worker_threads';
import {
  checkAny,
  createRegistry,
  type CheckedBlock,
  type Checks,
  type Rejected,
  type SpaceDescriptor,
} from '@cosmicembeddings/sdk';
import { createSky } from '@cosmicembeddings/sdk/sky';
import { sha256, verifierOf, type VerifierName } from './crypto/index.js';
import { loadPlugins } from '../plugins.js';
import { preciseMs, type Worked } from '../thread-work.js';
import { tidyAtRest } from '../worker-memory.js';

export interface VerifySetup {
  readonly network: string;
  readonly plugins: readonly string[];
  readonly verifier: VerifierName | 'auto';
}

/** Blocks one after another in one buffer. */
export interface VerifyRequest {
  readonly bytes: Uint8Array;
  readonly lengths: readonly number[];
  /** Kinds that did not come to an end with a block: they are not asked. `all`: no kind is. */
  readonly barred: readonly string[] | 'all';
}

export type CheckedParts = Omit<CheckedBlock, 'envelope' | 'body' | 'digest'> & { readonly envelopeEnd: number };

const DIGEST_BYTES = 32;

export type VerifyReply =
  | { readonly type: 'ready'; readonly verifier: string }
  | {
      readonly type: 'checked';
      /**
       * JSON of `(CheckedParts | Rejected)[]`: measured, one text costs both threads a third of what cloning the objects
       * does. Entries come without their descriptor: that of a space travels once, in `descriptors`.
       */
      readonly results: string;
      /** DIGEST_BYTES for each result; zeros for a rejected block. */
      readonly digests: Uint8Array;
      readonly worked: Worked;
      readonly descriptors: readonly (readonly [space: string, descriptor: SpaceDescriptor])[];
    };

const setup = workerData as VerifySetup;
const port = parentPort!;
const { name, verify } = verifierOf(setup.verifier);
const registry = createRegistry(await loadPlugins(setup.plugins));
const checks: Checks = {
  network: setup.network,
  registry,
  verify,
  sha256,
  sky: createSky({ sha256 }),
};

tidyAtRest();
port.on('message', ({ bytes, lengths, barred }: VerifyRequest) => {
  const fromMs = preciseMs();
  let at = 0;
  const isBarred = (kind: string): boolean => barred === 'all' || barred.includes(kind);
  const asked: Checks =
    barred.length === 0
      ? checks
      : { ...checks, registry: { ...registry, kind: (name) => (isBarred(name) ? undefined : registry.kind(name)) } };
  const descriptors: [string, SpaceDescriptor][] = [];
  const digests = new Uint8Array(lengths.length * DIGEST_BYTES);
  const results = lengths.map((length, i) => {
    const verdict = checkAny(bytes.subarray(at, (at += length)), asked);
    if (verdict.status === 'checked') digests.set(verdict.digest, i * DIGEST_BYTES);
    return partsOf(verdict, descriptors);
  });
  const text = JSON.stringify(results);
  const worked: Worked = [fromMs, preciseMs()];
  const reply: VerifyReply = { type: 'checked', results: text, digests, worked, descriptors };
  port.postMessage(reply, [digests.buffer]);
});
port.postMessage({ type: 'ready', verifier: name } satisfies VerifyReply);

/** Spaces whose descriptor the main thread has been told. */
const told = new Set<string>();
const TOLD_MAX = 4096;

/** What JSON leaves out: it lies in the asker's own bytes, or is told by itself. */
type LeftOut = { -readonly [K in keyof CheckedBlock]?: CheckedBlock[K] | undefined } & { envelopeEnd?: number };

/** The verdict itself, which was made for this alone: copying two objects a block costs more than writing their text. */
function partsOf(verdict: CheckedBlock | Rejected, descriptors: [string, SpaceDescriptor][]): CheckedParts | Rejected {
  if (verdict.status === 'rejected') return verdict;
  const { entry, envelope } = verdict;
  const { descriptor, space } = entry;
  if (descriptor !== undefined && space !== undefined && !told.has(space)) {
    if (told.size >= TOLD_MAX) told.clear();
    told.add(space);
    descriptors.push([space, descriptor]);
  }
  const parts: LeftOut = verdict;
  parts.envelopeEnd = envelope.length;
  parts.envelope = parts.body = parts.digest = undefined;
  (entry as { descriptor?: SpaceDescriptor | undefined }).descriptor = undefined;
  return parts as CheckedParts;
}
