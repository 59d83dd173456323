import { parentPort, workerData } from 'node:worker_threads';
import { checkAny, createRegistry, type CheckedBlock, type Checks, type Rejected } from '@cosmicembeddings/sdk';
import { createSky } from '@cosmicembeddings/sdk/sky';
import { sha256, verifierOf, type VerifierName } from '../adapters/crypto/index.js';
import { loadPlugins } from './plugins.js';

export interface VerifySetup {
  readonly network: string;
  readonly plugins: readonly string[];
  readonly verifier: VerifierName | 'auto';
}

/** Blocks one after another in one buffer. */
export interface VerifyRequest {
  readonly bytes: Uint8Array;
  readonly lengths: readonly number[];
  readonly nowMs: number;
}

export type CheckedParts = Omit<CheckedBlock, 'envelope' | 'body'> & { readonly envelopeEnd: number };

export type VerifyReply = { readonly type: 'ready'; readonly verifier: string } | { readonly type: 'checked'; readonly results: readonly (CheckedParts | Rejected)[] };

const setup = workerData as VerifySetup;
const port = parentPort!;
const { name, verify } = verifierOf(setup.verifier);
const checks: Checks = {
  network: setup.network,
  registry: createRegistry(await loadPlugins(setup.plugins)),
  verify,
  sha256,
  sky: createSky(),
};

port.on('message', ({ bytes, lengths }: VerifyRequest) => {
  let at = 0;
  const results = lengths.map((length) => partsOf(checkAny(bytes.subarray(at, (at += length)), checks)));
  port.postMessage({ type: 'checked', results } satisfies VerifyReply);
});
port.postMessage({ type: 'ready', verifier: name } satisfies VerifyReply);

function partsOf(verdict: CheckedBlock | Rejected): CheckedParts | Rejected {
  if (verdict.status === 'rejected') return verdict;
  const { envelope, body: _body, digest, ...rest } = verdict;
  return { ...rest, digest: digest.slice(), envelopeEnd: envelope.length };
}
