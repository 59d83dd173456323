import { CosmicError } from '@cosmicembeddings/sdk';
import type { NodeClient } from '@cosmicembeddings/sdk/api';
import { createEmbedder, parseEmbedderConfig } from '@cosmicembeddings/sdk/embedders';
import { nodeEmbedderHost } from '@cosmicembeddings/sdk/embedders/node';
import { knownSpaces, spaceIdOf, spaceLabel, type SpaceDescriptor } from '@cosmicembeddings/sdk/space';
import type { Embedder } from '@cosmicembeddings/sdk';
import type { Settings } from '../settings.js';

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
