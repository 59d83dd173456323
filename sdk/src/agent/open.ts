import type { Author } from '../block/index.js';
import { didOf, type Signer } from '../crypto/identity.js';
import { CosmicError } from '../errors.js';
import { createEmbedder, type EmbedderConfig, type EmbedderHost } from '../embedders/index.js';
import { portableChecks } from '../formats/index.js';
import type { Metadata } from '../metadata/index.js';
import type { Embedder, NodeApi } from '../ports/index.js';
import { recipientOf } from '../sealed/index.js';
import { createMemory } from './memory.js';
import type { MemoryParts } from './parts.js';
import type { Memory, OpenOptions } from './types.js';

/** What `openMemory` needs from where it runs. */
export interface Platform {
  /** The node that is meant where none is named, or several. */
  readonly node: string | readonly string[];
  connect(urls: string | readonly string[]): MemoryParts['api'];
  /** The signer of a named key, made where it is missing. */
  signer(name: string): Promise<Signer>;
  ephemeral(): Signer;
  readonly embedders: EmbedderHost;
  now(): number;
  randomBytes(length: number): Uint8Array;
}

const known: Readonly<Record<keyof OpenOptions, true>> = {
  node: true,
  key: true,
  embedder: true,
  collection: true,
  trust: true,
  identities: true,
  verify: true,
};

/** @throws CosmicError node.unreachable, key.locked, key.malformed, embedder.unavailable, config.malformed */
export async function openOn<M extends Metadata = Metadata>(
  platform: Platform,
  options: OpenOptions,
): Promise<Memory<M>> {
  // A mistyped trust would hide others' memories, a mistyped identity open nothing, and neither say anything.
  for (const name of Object.keys(options))
    if (!Object.hasOwn(known, name))
      throw new CosmicError('config.malformed', `openMemory knows no ${name}: ${Object.keys(known).join(', ')}`);
  for (const identity of options.identities ?? []) await recipientOf(identity);
  const { node = platform.node, key = 'default', collection = 'memory', trust = {}, verify = 'drop' } = options;
  const api = typeof node === 'string' || Array.isArray(node) ? platform.connect(node) : (node as NodeApi);
  const { network } = await api.status();
  const signer =
    key === 'ephemeral' ? platform.ephemeral() : typeof key === 'string' ? await platform.signer(key) : key;
  const checks = portableChecks(network);
  const author: Author = {
    signer,
    network,
    registry: checks.registry,
    sky: checks.sky as unknown as Author['sky'],
    salt: () => platform.randomBytes(16),
  };
  return createMemory<M>({
    api,
    author,
    did: didOf(signer.publicKey),
    embedder: await embedderOf(options.embedder, platform.embedders),
    checks,
    collection,
    trust,
    verify,
    ...(options.identities === undefined ? {} : { identities: options.identities }),
    now: () => platform.now(),
  });
}

async function embedderOf(given: OpenOptions['embedder'], host: EmbedderHost): Promise<Embedder> {
  if (given === undefined || given === 'english-1' || given === 'multilingual-1' || given === 'lexical')
    return createEmbedder({ type: 'builtin', name: given ?? 'english-1' }, host);
  if (typeof given === 'object' && 'embed' in given) return given;
  if (typeof given === 'object' && 'type' in given) return createEmbedder(given as EmbedderConfig, host);
  throw new CosmicError('config.malformed', `embedder: ${String(given).slice(0, 80)} is none`);
}
