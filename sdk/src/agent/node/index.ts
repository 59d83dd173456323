import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { createClient } from '../../api/index.js';
import { signerOfSeed, type Signer } from '../../crypto/identity.js';
import { nodeEmbedderHost } from '../../embedders/node/index.js';
import { homeFolder, openKeyring } from '../../keys/node/index.js';
import type { Metadata } from '../../metadata/index.js';
import { openOn, type Platform } from '../open.js';
import type { Memory, OpenOptions } from '../types.js';

export * from '../index.js';

const random = (length: number): Uint8Array => new Uint8Array(randomBytes(length));

async function signerNamed(name: string): Promise<Signer> {
  const keyring = openKeyring(homeFolder());
  const known = (await keyring.list()).some((key) => key.name === name);
  if (!known) await keyring.create(name);
  return signerOfSeed((await keyring.open(name)).seed);
}

const platform = (): Platform => ({
  node: (process.env['COSMIC_NODE'] || 'http://127.0.0.1:8080').split(',').map((url) => url.trim()),
  connect: (url) =>
    createClient({
      url,
      now: () => performance.now(),
      sleep: async (ms, signal) => {
        await delay(ms, undefined, signal === undefined ? {} : { signal });
      },
    }),
  signer: signerNamed,
  ephemeral: () => signerOfSeed(random(32)),
  embedders: nodeEmbedderHost,
  now: () => Date.now(),
  randomBytes: random,
});

/**
 * An agent's memory on a node. Keys are those of the `cosmic` command: the same author each time.
 * @throws CosmicError node.unreachable, key.locked, key.malformed, embedder.unavailable, config.malformed
 */
export function openMemory<M extends Metadata = Metadata>(options: OpenOptions = {}): Promise<Memory<M>> {
  return openOn<M>(platform(), options);
}
