import { afterEach, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { dot, makeUnit } from '../../../src/index/vectors/dot.js';
import { Outlines, WholeQuery } from '../../../src/index/vectors/outlines.js';
import { PackedRows, rowBytesOf, type RowFormat } from '../../../src/index/vectors/row-format.js';
import { SpaceIndex } from '../../../src/index/vectors/space-index.js';
import { spaceNamed } from './ledger.ts';

const DIMS = 384;
const folders: string[] = [];
const opened: SpaceIndex[] = [];

afterEach(async () => {
  for (const index of opened.splice(0)) await index.close();
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

function folderFor(): string {
  const folder = mkdtempSync(join(tmpdir(), 'row-format-'));
  folders.push(folder);
  return folder;
}

function open(folder: string, rows: RowFormat, maxBytes = Infinity, outlinesMaxBytes = 0): SpaceIndex {
  const index = SpaceIndex.open(spaceNamed('test/format', DIMS), {
    folder,
    engine: { name: 'exact' },
    graphMin: Infinity,
    budget: { maxBytes, used: 0, outlinesMaxBytes },
    guard: false,
    seed: 0,
    rows,
  });
  opened.push(index);
  return index;
}

/** Unit rows that are the same in each run (mulberry32). */
function unitRows(n: number, seed: number): Float32Array[] {
  let state = seed;
  const next = (): number => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32 - 0.5;
  };
  return Array.from({ length: n }, () => makeUnit(Float32Array.from({ length: DIMS }, () => next() + next() + next())));
}

async function filled(folder: string, rows: RowFormat, vectors: readonly Float32Array[]): Promise<SpaceIndex> {
  const index = open(folder, rows);
  vectors.forEach((vector, label) => index.append(label, vector.slice()));
  index.position = { epoch: 'e', seq: vectors.length };
  await index.save();
  return index;
}

test('a row in a quarter of the bytes keeps its length and its cosines nearly', () => {
  fc.assert(
    fc.property(
      fc.array(
        fc.integer({ min: -1000, max: 1000 }).map((n) => n / 1000),
        { minLength: 1, maxLength: 400 },
      ),
      fc.float({ min: Math.fround(1e-6), max: 1e6, noNaN: true }),
      (numbers, scale) => {
        const row = Float32Array.from(numbers, (one) => one * scale);
        const packed = new PackedRows('i8', row.length, 3);
        packed.set(1, row);
        const out = new Float32Array(row.length);
        packed.read(1, out);
        const most = Math.max(...row.map(Math.abs));
        const [was, is] = [row, out].map((one) => Math.sqrt(dot(one, one, 0))) as [number, number];
        expect(is).toBeGreaterThanOrEqual(was * (1 - 1e-5));
        expect(is).toBeLessThanOrEqual(was * (1 + 1e-5));
        // Half a step, and what the length was set right by.
        row.forEach((value, i) => expect(Math.abs(out[i]! - value)).toBeLessThanOrEqual(most * 0.012 + 1e-30));
        for (const i of [0, 2]) {
          packed.read(i, out);
          expect(out.every((value) => value === 0)).toBe(true);
        }
      },
    ),
  );
  const [query, ...rows] = unitRows(2000, 7);
  const packed = new PackedRows('i8', DIMS, 1);
  const out = new Float32Array(DIMS);
  const off = rows.map((row) => {
    packed.set(0, row);
    packed.read(0, out);
    return Math.abs(dot(query!, out, 0) - dot(query!, row, 0));
  });
  expect(Math.max(...off)).toBeLessThan(2e-3);
  expect(off.reduce((sum, one) => sum + one, 0) / off.length).toBeLessThan(5e-4);
  expect(rowBytesOf('i8', DIMS)).toBe(388);
});

test('rows that were kept as float32 are written anew, once, and answer as before', async () => {
  const folder = folderFor();
  const vectors = unitRows(300, 3);
  const before = await filled(folder, 'f32', vectors);
  before.remove([17], 0);
  await before.save();
  const query = vectors[40]!;
  const was = before.search(query, 10).rows.map(({ label }) => label);
  await before.close();
  const index = open(folder, 'i8');
  expect(index.size).toBe(299);
  expect(index.has(17)).toBe(false);
  expect(existsSync(join(folder, 'rows.f32'))).toBe(false);
  expect(statSync(join(folder, 'rows.i8')).size).toBe(300 * rowBytesOf('i8', DIMS));
  expect(index.search(query, 10).rows.map(({ label }) => label)).toEqual(was);
  index.append(300, vectors[40]!.slice());
  index.position = { epoch: 'e', seq: 301 };
  await index.save();
  await index.close();
  const again = open(folder, 'i8');
  expect(again.size).toBe(300);
  expect(again.search(query, 2).rows.map(({ label }) => label)).toEqual([40, 300]);
});

test('what is erased leaves zeros, the number that it is multiplied with too', async () => {
  const folder = folderFor();
  const index = await filled(folder, 'i8', unitRows(8, 5));
  index.remove([3], 0);
  await index.save();
  const bytes = readFileSync(join(folder, 'rows.i8'));
  const row = (i: number): Buffer => bytes.subarray(388 * i, 388 * (i + 1));
  expect(row(3).every((byte) => byte === 0)).toBe(true);
  expect(row(2).some((byte) => byte !== 0)).toBe(true);
});

test.each(['f32', 'i8'] as const)('rows beyond the memory budget are not copies of each other (%s)', async (format) => {
  const folder = folderFor();
  const vectors = unitRows(40, 11);
  await (await filled(folder, format, vectors)).close();
  const index = open(folder, format, 0);
  const { rows } = index.search(vectors[0]!, 10);
  expect(index.status.residentBytes).toBe(0);
  expect(rows[0]!.label).toBe(0);
  expect(rows.filter(({ copyOf }) => copyOf !== undefined)).toEqual([]);
});

test('an outline never promises less than a row has', () => {
  const vectors = unitRows(400, 21);
  const flat = new Float32Array(vectors.length * DIMS);
  vectors.forEach((row, i) => flat.set(row, i * DIMS));
  const outlines = new Outlines(flat, DIMS, vectors.length);
  for (const query of [...unitRows(20, 22), ...vectors.slice(0, 20)]) {
    const asked = new WholeQuery(query);
    const over = vectors.map((row, i) => outlines.most(asked, i) - dot(query, row, 0));
    expect(Math.min(...over)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...over)).toBeLessThan(0.03);
  }
});

test('rows that are not in memory, outlined or not, give the same answers as rows that are', async () => {
  const folder = folderFor();
  const vectors = unitRows(4200, 31);
  const whole = await filled(folder, 'f32', vectors);
  const queries = unitRows(3, 32).map((query, i) =>
    // Two near a row, one near none.
    i < 2 ? makeUnit(query.map((one, j) => one * 0.2 + vectors[3000 * i + 7]![j]!)) : query,
  );
  const third = new Uint8Array(4200 / 8).fill(0b01001001);
  const ask = (index: SpaceIndex) =>
    queries.flatMap((query) => [
      index.search(query, 10).rows,
      index.search(query, 600).rows,
      index.search(query, 10, { allow: third }).rows,
    ]);
  whole.remove([7, 2048], 0);
  await whole.save();
  const after = ask(whole);
  await whole.close();

  const index = open(folder, 'f32', 0, Infinity);
  expect(ask(index)).toEqual(after);
  // Of each chunk that is full (2048 rows of 384 numbers) one.
  expect([index.outlineSome(), index.outlineSome(), index.outlineSome()]).toEqual([true, true, false]);
  expect(ask(index)).toEqual(after);
  index.remove([9], 0);
  expect(index.search(vectors[9]!, 1).rows[0]!.label).not.toBe(9);
  expect(index.status.residentBytes).toBe(0);
});
