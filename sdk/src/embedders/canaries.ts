import { decodeBody, openBlock } from '../block/index.js';
import { fromBase64, utf8 } from '../bytes.js';
import { sha256 as portableSha256, type Sha256 } from '../crypto/hash.js';
import { embeddingKind, parseEmbedding, type EmbeddingBody } from '../kinds/index.js';
import type { Embedder } from '../ports/index.js';
import {
  canaryOrigin,
  canaryRole,
  packRows,
  spaceIdOf,
  unpackRow,
  type Canaries,
  type Canary,
} from '../space/index.js';
import { canaryTexts } from './canary-texts.js';
import { englishCanaries } from './english/canaries.js';
import { knownCanaries } from './known-canaries.js';
import { multilingualCanaries } from './multilingual/canaries.js';

/**
 * The canaries that a block of kind `embedding/1` carries: its rows whose origin says so, with their texts. The block's
 * signature says who vouches for them; check it first. Undefined when there are none.
 */
export function canariesOf(wire: Uint8Array): Canaries | undefined {
  const opened = openBlock(wire);
  if (opened.status === 'rejected' || opened.block.body === null || opened.block.header.kind !== embeddingKind.name)
    return undefined;
  return canariesOfBody(opened.block.body);
}

/** The same of a body alone, of kind `embedding/1`. */
export function canariesOfBody(body: Uint8Array): Canaries | undefined {
  const decoded = decodeBody(body);
  const parsed = decoded.status === 'ok' ? parseEmbedding(decoded.body) : undefined;
  if (parsed?.ok !== true) return undefined;
  const { space, embedding, input_reference, texts } = parsed.body;
  const canaries = input_reference.flatMap(({ origin }, row): Canary[] => {
    const role = canaryRole(origin);
    const text = texts?.[row];
    return role === undefined || text === null || text === undefined
      ? []
      : [{ text, role, vector: unpackRow(embedding, space.dims, row) }];
  });
  return canaries.length === 0 ? undefined : { space, canaries };
}

/** The canaries of a known space, by the name of its file in specs/spaces. */
export function canariesOfKnown(name: string): Canaries | undefined {
  const text = Object.hasOwn(knownCanaries, name) ? knownCanaries[name] : undefined;
  return text === undefined ? undefined : canariesOf(fromBase64(text));
}

/** Those that come with the SDK, by space id. */
export function canariesOfSpace(space: string): Canaries | undefined {
  if (shipped === undefined) {
    const all = [
      englishCanaries(),
      multilingualCanaries(),
      ...Object.keys(knownCanaries).map((name) => canariesOfKnown(name)),
    ].filter((one) => one !== undefined);
    // Of two of one space the first counts.
    shipped = new Map(all.reverse().map((one) => [spaceIdOf(one.space), one]));
  }
  return shipped.get(space);
}

/** By space, read when they are asked for first: whoever judges spaces asks all the time. */
let shipped: ReadonlyMap<string, Canaries> | undefined;

/** What an author publishes, with the tag `canary`, to vouch for a space: its body's fields. Each text is embedded alone. @throws as `embed` */
export async function canaryFields(
  embedder: Embedder,
  options: { readonly sha256?: Sha256; readonly signal?: AbortSignal } = {},
): Promise<EmbeddingBody> {
  const { sha256 = portableSha256, signal } = options;
  const vectors: Float32Array[] = [];
  for (const { text, role } of canaryTexts) {
    const made = await embedder.embed([text], { role, ...(signal === undefined ? {} : { signal }) });
    vectors.push(made.vectors[0]!);
  }
  return {
    space: embedder.space,
    embedding: packRows(vectors, 'f16'),
    input_type: 'text',
    input_reference: canaryTexts.map(({ text, role }) => ({
      hash: sha256(utf8(text)),
      origin: canaryOrigin[role],
      language: 'en',
    })),
    texts: canaryTexts.map(({ text }) => text),
  };
}
