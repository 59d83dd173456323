import { decodeBody, openBlock } from '../block/index.js';
import { fromBase64 } from '../bytes.js';
import { embeddingKind, parseEmbedding } from '../kinds/index.js';
import { unpackRow, type Canaries, type Canary } from '../space/index.js';
import { knownCanaries } from './known-canaries.js';

/** `origin` of a row that is a canary; the suffix says how its text was embedded. */
export const canaryOrigin = { passage: 'canary:passage', query: 'canary:query' } as const;

/**
 * The canaries that a block of kind `embedding/1` carries: its rows whose origin says so, with their texts. The block's
 * signature says who vouches for them; check it first. Undefined when there are none.
 */
export function canariesOf(wire: Uint8Array): Canaries | undefined {
  const opened = openBlock(wire);
  if (opened.status === 'rejected' || opened.block.body === null || opened.block.header.kind !== embeddingKind.name)
    return undefined;
  const decoded = decodeBody(opened.block.body);
  const parsed = decoded.status === 'ok' ? parseEmbedding(decoded.body) : undefined;
  if (parsed?.ok !== true) return undefined;
  const { space, embedding, input_reference, texts } = parsed.body;
  const canaries = input_reference.flatMap(({ origin }, row): Canary[] => {
    const role = origin === canaryOrigin.passage ? 'passage' : origin === canaryOrigin.query ? 'query' : undefined;
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
