import { createHash } from 'node:crypto';
import type { Pair } from '@cosmicembeddings/sdk/translators';
import { matrixRows } from '../foreign/matrix.js';
import { plural, UsageError } from '../output.js';

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
