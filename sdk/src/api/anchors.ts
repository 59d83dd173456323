import { fromHex, toHex } from '../bytes.js';
import { CosmicError } from '../errors.js';
import type { Embedder } from '../ports/index.js';
import { spaceIdOf, unpackRow, type SpaceDescriptor } from '../space/index.js';
import { pairsMax, type Pair } from '../translators/index.js';
import type { NodeClient } from './client.js';
import { blocksIn } from './embedding-blocks.js';

/** Rows looked at on each side, at most. */
const ROWS_MAX = 4 * pairsMax;
const EMBED_AT_ONCE = 64;

interface Row {
  readonly vector: Float32Array;
  readonly text?: string;
  readonly domain?: string;
}

/** Texts known in two spaces: of how many both vectors lie on the node, and of how many one was made here. */
export interface AnchorPairs {
  readonly pairs: readonly Pair[];
  readonly inBoth: number;
  readonly embedded: number;
}

/**
 * Texts that are known in both spaces: rows of the node with the same `input_reference` hash, and, where an embedder of one
 * of the spaces is at hand, texts that blocks carry in the other one. `texts`: pairs beyond which none is embedded. What comes out goes into
 * `fitTranslator`. @throws CosmicError node.unreachable, what a node refuses with, what an embedder does
 */
export async function pairsOnNode(
  client: Pick<NodeClient, 'find' | 'read'>,
  from: SpaceDescriptor,
  to: SpaceDescriptor,
  embedders: readonly Embedder[],
  limits: { readonly texts: number },
  onProgress: (done: number, total: number) => void = () => undefined,
): Promise<AnchorPairs> {
  const [a, b] = [await rowsOf(client, from), await rowsOf(client, to)];
  const pairs = new Map<string, Pair>();
  for (const [hash, row] of a) {
    const other = b.get(hash);
    if (other !== undefined) pairs.set(hash, pairOf(hash, row.vector, other.vector, row.domain ?? other.domain));
  }
  const inBoth = pairs.size;
  for (const [rows, space, isFrom] of [
    [a, to, true],
    [b, from, false],
  ] as const) {
    const embedder = embedders.find((one) => spaceIdOf(one.space) === spaceIdOf(space));
    if (embedder === undefined) continue;
    const open = [...rows]
      .filter(([hash, row]) => !pairs.has(hash) && row.text !== undefined && row.text.trim() !== '')
      .slice(0, Math.max(0, limits.texts - pairs.size));
    for (let at = 0; at < open.length; at += EMBED_AT_ONCE) {
      onProgress(at, open.length);
      const some = open.slice(at, at + EMBED_AT_ONCE);
      const vectors = await vectorsOf(
        embedder,
        some.map(([, row]) => row.text!),
      );
      some.forEach(([hash, row], i) => {
        const made = vectors[i];
        if (made === undefined) return;
        pairs.set(
          hash,
          isFrom ? pairOf(hash, row.vector, made, row.domain) : pairOf(hash, made, row.vector, row.domain),
        );
      });
    }
  }
  return { pairs: [...pairs.values()], inBoth, embedded: pairs.size - inBoth };
}

/** A text without any token has no vector; the others keep theirs. */
async function vectorsOf(embedder: Embedder, texts: readonly string[]): Promise<(Float32Array | undefined)[]> {
  try {
    return (await embedder.embed(texts, { role: 'passage' })).vectors;
  } catch (error) {
    if (!(error instanceof CosmicError) || error.code !== 'input.empty') throw error;
    if (texts.length === 1) return [undefined];
    const one: (Float32Array | undefined)[] = [];
    for (const text of texts) one.push(...(await vectorsOf(embedder, [text])));
    return one;
  }
}

function pairOf(hash: string, from: Float32Array, to: Float32Array, domain: string | undefined): Pair {
  return { reference: fromHex(hash), from, to, ...(domain === undefined ? {} : { domain }) };
}

/** By the hash of what was embedded. */
async function rowsOf(client: Pick<NodeClient, 'find' | 'read'>, space: SpaceDescriptor): Promise<Map<string, Row>> {
  const rows = new Map<string, Row>();
  for await (const { body } of blocksIn(client, spaceIdOf(space))) {
    body.input_reference.forEach(({ hash }, row) => {
      if (hash === null || rows.has(toHex(hash))) return;
      const text = body.texts?.[row];
      rows.set(toHex(hash), {
        vector: unpackRow(body.embedding, space.dims, row),
        ...(text === null || text === undefined ? {} : { text }),
        ...(body.collection === undefined ? {} : { domain: body.collection }),
      });
    });
    if (rows.size >= ROWS_MAX) break;
  }
  return rows;
}
