import { createClient } from '../../api/index.js';
import { signerOfSeed } from '../../crypto/identity.js';
import { browserEmbedderHost } from '../../embedders/browser/index.js';
import type { Metadata } from '../../metadata/index.js';
import { openOn, type Platform } from '../open.js';
import type { Memory, OpenOptions } from '../types.js';
import { signerNamed } from './key-store.js';

export * from '../index.js';

const random = (length: number): Uint8Array => crypto.getRandomValues(new Uint8Array(length));

const platform = (): Platform => ({
  node: 'http://127.0.0.1:8080',
  connect: (url) => createClient({ url, sleep: browserEmbedderHost.sleep, now: browserEmbedderHost.now }),
  signer: signerNamed,
  ephemeral: () => signerOfSeed(random(32)),
  embedders: browserEmbedderHost,
  now: browserEmbedderHost.now,
  randomBytes: random,
});

/**
 * An agent's memory on a node. The key stays in this origin's IndexedDB and cannot be read out of it.
 * @throws CosmicError node.unreachable, key.required, embedder.unavailable, config.malformed
 */
export function openMemory<M extends Metadata = Metadata>(options: OpenOptions = {}): Promise<Memory<M>> {
  return openOn<M>(platform(), options);
}
