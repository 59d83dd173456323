import {
  checkAny,
  CosmicError,
  decodeBody,
  openBlock,
  portableChecks,
  readBody,
  kindHeader,
  embeddingKind,
  type EmbeddingBody,
  type Header,
} from '@cosmicembeddings/sdk';
import type { NodeClient } from '@cosmicembeddings/sdk/api';
import { createEmbedder, parseEmbedderConfig } from '@cosmicembeddings/sdk/embedders';
import { nodeEmbedderHost } from '@cosmicembeddings/sdk/embedders/node';
import { knownSpaces, spaceIdOf, spaceLabel, type SpaceDescriptor } from '@cosmicembeddings/sdk/space';
import type { Embedder } from '@cosmicembeddings/sdk';
import type { Settings } from '../settings.js';

/** An `embedding/1` block of a space, read. */
export interface EmbeddingBlock {
  readonly id: string;
  readonly header: Header;
  readonly body: EmbeddingBody & { readonly tags: readonly string[]; readonly linked_blocks: readonly unknown[] };
}

const PAGE = 200;

/** Whose blocks are wanted, if one author's alone: then each is checked to be that author's, in this network. */
export interface Own {
  readonly did: string;
  readonly network: string;
}

/** Blocks of a space on the node, oldest first; what does not stand is left out. */
export async function* blocksIn(
  client: Pick<NodeClient, 'find' | 'read'>,
  space: string,
  own?: Own,
): AsyncGenerator<EmbeddingBlock> {
  const filter = {
    kinds: ['embedding/1'],
    spaces: [space],
    ...(own === undefined ? {} : { authors: [own.did] }),
  };
  const checks = own === undefined ? undefined : portableChecks(own.network);
  for (let after: string | undefined; ;) {
    const page = await client.find(filter, {
      limit: PAGE,
      order: 'oldest',
      hidden: 'hide',
      ...(after === undefined ? {} : { after }),
    });
    for (const view of await client.read(page.ids)) {
      if (view === undefined) continue;
      if (checks !== undefined) {
        const checked = checkAny(view.wire, checks);
        if (checked.status === 'rejected' || checked.id !== view.id || checked.entry.author !== own!.did) continue;
      }
      const block = embeddingOf(view.wire);
      if (block !== undefined) yield { id: view.id, ...block };
    }
    after = page.next;
    if (after === undefined || page.ids.length === 0) return;
  }
}

/** Undefined where the bytes are no embedding block whose body is there. Checks no signature. */
export function embeddingOf(wire: Uint8Array): Omit<EmbeddingBlock, 'id'> | undefined {
  const opened = openBlock(wire);
  if (opened.status === 'rejected' || opened.block.body === null) return undefined;
  const { header, body } = opened.block;
  const decoded = decodeBody(body);
  if (header.kind !== 'embedding/1' || decoded.status !== 'ok') return undefined;
  const parsed = readBody(embeddingKind, kindHeader(header), decoded.body, body.length);
  return parsed.ok ? { header, body: decoded.body as unknown as EmbeddingBlock['body'] } : undefined;
}

/** A space by id, model name or name in specs/spaces: of the node's blocks, of the embedders, or known. @throws CosmicError space.unknown */
export async function spaceCalled(
  name: string,
  client: NodeClient | undefined,
  embedders: readonly Embedder[],
): Promise<SpaceDescriptor> {
  const here = client === undefined ? [] : (await client.status()).counts.spaces.map(({ space }) => space);
  const all = new Map<string, SpaceDescriptor>();
  for (const space of [...here, ...embedders.map((one) => one.space), ...knownSpaces.map((one) => one.space)])
    all.set(spaceIdOf(space), space);
  const byName = knownSpaces.find((one) => one.name === name)?.space;
  const found = all.has(name)
    ? [all.get(name)!]
    : byName !== undefined
      ? [byName]
      : [...all.values()].filter(({ model }) => model === name);
  // Of a model in several forms the one that is here is meant.
  const there = found.filter((space) => here.some((one) => spaceIdOf(one) === spaceIdOf(space)));
  const meant = there.length === 1 ? there : found;
  if (meant.length === 1) return meant[0]!;
  throw new CosmicError(
    'space.unknown',
    meant.length === 0
      ? `${name}: no space of that id or model is here; here are ${here.map(spaceLabel).join('; ') || 'none'}`
      : `${name} is the model of several spaces, say the id: ${meant.map((space) => `${spaceIdOf(space)} (${spaceLabel(space)})`).join(', ')}`,
  );
}

/** The embedders that were named, and the configured one. */
export async function openEmbedders(settings: Settings, named: readonly (string | undefined)[]): Promise<Embedder[]> {
  const configs = named.filter((one) => one !== undefined).map(parseEmbedderConfig);
  if (settings.embedder !== undefined) configs.push(settings.embedder);
  return Promise.all(configs.map((config) => createEmbedder(config, nodeEmbedderHost)));
}

export function embedderFor(space: SpaceDescriptor, embedders: readonly Embedder[]): Embedder | undefined {
  return embedders.find((one) => spaceIdOf(one.space) === spaceIdOf(space));
}
