import { createHash } from 'node:crypto';
import { CosmicError, toHex, type Embedder } from '@cosmicembeddings/sdk';
import type { NodeClient } from '@cosmicembeddings/sdk/api';
import { spaceIdOf, unpackRow, type SpaceDescriptor } from '@cosmicembeddings/sdk/space';
import { pairsMax, type Pair } from '@cosmicembeddings/sdk/translators';
import { matrixRows } from '../foreign/matrix.js';
import { plural, UsageError } from '../output.js';
import { blocksIn, embedderFor } from './rows.js';

/** Rows looked at on each side, at most. */
const ROWS_MAX = 4 * pairsMax;
const EMBED_AT_ONCE = 64;

interface Row {
  readonly vector: Float32Array;
  readonly text?: string;
  readonly domain?: string;
}

/** What was found, and where. */
export interface Found {
  readonly pairs: readonly Pair[];
  readonly inBoth: number;
  readonly embedded: number;
}

/**
 * Texts that are known in both spaces: rows of the node with the same `input_reference` hash, and, where an embedder of one
 * of the spaces is at hand, texts that blocks carry in the other one.
 */
export async function pairsOnNode(
  client: NodeClient,
  from: SpaceDescriptor,
  to: SpaceDescriptor,
  embedders: readonly Embedder[],
  limits: { readonly texts: number },
  onProgress: (done: number, total: number) => void = () => undefined,
): Promise<Found> {
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
    const embedder = embedderFor(space, embedders);
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
  return { reference: new Uint8Array(Buffer.from(hash, 'hex')), from, to, ...(domain === undefined ? {} : { domain }) };
}

/** By the hash of what was embedded. */
async function rowsOf(client: NodeClient, space: SpaceDescriptor): Promise<Map<string, Row>> {
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

/** What two files of rows hold; the rows left out are without direction, or have numbers that are none. */
export interface FilePairs {
  readonly pairs: readonly Pair[];
  readonly leftOut: readonly number[];
}

/** Rows of two matrices, the same texts in the same order. @throws UsageError where one is longer; CosmicError as of matrixRows */
export async function pairsOfFiles(fromFile: string, toFile: string): Promise<FilePairs> {
  const pairs: Pair[] = [];
  const leftOut: number[] = [];
  const others = matrixRows(toFile);
  const unequal = (short: string, long: string): UsageError =>
    new UsageError(
      `--pairs: ${short} ends after ${plural(row, 'row')}, ${long} goes on; both hold the same texts, in the same order`,
    );
  let row = 0;
  for await (const { vector } of matrixRows(fromFile)) {
    const other = await others.next();
    if (other.done === true) throw unequal(toFile, fromFile);
    const [from, to] = [Float32Array.from(vector), Float32Array.from(other.value.vector)];
    if ([from, to].every((one) => one.every(Number.isFinite) && one.some((x) => x !== 0))) {
      const reference = createHash('sha256').update(bytesOf(from)).update(bytesOf(to)).digest();
      pairs.push({ reference: new Uint8Array(reference), from, to });
    } else leftOut.push(row);
    row++;
  }
  if ((await others.next()).done !== true) throw unequal(fromFile, toFile);
  return { pairs, leftOut };
}

function bytesOf(vector: Float32Array): Uint8Array {
  return new Uint8Array(vector.buffer, vector.byteOffset, vector.byteLength);
}
