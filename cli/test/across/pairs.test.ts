import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from '@jest/globals';
import { npyOf } from '@cosmicembeddings/sdk/archive';
import { pairsOfFiles } from '../../src/across/pairs.js';

const folder = mkdtempSync(join(tmpdir(), 'cosmic-pairs-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function file(name: string, rows: readonly (readonly number[])[]): string {
  const path = join(folder, name);
  writeFileSync(
    path,
    npyOf(
      rows.map((row) => Float32Array.from(row)),
      rows[0]!.length,
    ),
  );
  return path;
}

const three = file('three.npy', [
  [1, 0],
  [0, 1],
  [3, 4],
]);
const two = file('two.npy', [
  [1, 2, 3],
  [4, 5, 6],
]);

test('rows of two files belong together in order, whatever their lengths', async () => {
  const { pairs, leftOut } = await pairsOfFiles(two, file('others.npy', [[1], [2]]));
  expect(pairs.map(({ from, to }) => [[...from], [...to]])).toEqual([
    [[1, 2, 3], [1]],
    [[4, 5, 6], [2]],
  ]);
  expect(new Set(pairs.map(({ reference }) => Buffer.from(reference).toString('hex'))).size).toBe(2);
  expect(leftOut).toEqual([]);
});

test('a file that ends first is named, on either side', async () => {
  await expect(pairsOfFiles(three, two)).rejects.toThrow(/two\.npy ends after 2 rows, .*three\.npy goes on/);
  await expect(pairsOfFiles(two, three)).rejects.toThrow(/two\.npy ends after 2 rows, .*three\.npy goes on/);
});

test('rows without direction or with a number that is none are left out and named', async () => {
  const bent = file('bent.npy', [
    [NaN, 1],
    [0, 0],
    [1, Infinity],
  ]);
  expect(await pairsOfFiles(three, bent)).toEqual({ pairs: [], leftOut: [0, 1, 2] });
});

test('a file that is no matrix of floats says how to make one', async () => {
  const text = join(folder, 'text.npy');
  writeFileSync(text, 'no matrix');
  await expect(pairsOfFiles(text, two)).rejects.toMatchObject({ code: 'input.malformed' });
});
