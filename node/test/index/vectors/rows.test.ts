import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { RowFile, RowsDamaged } from '../../../src/index/vectors/rows.js';

const DIMS = 1024;
/** Rows of 4 MiB. */
const CHUNK = 1024;
const ROWS = 2 * CHUNK + 7;

let path: string;
let folder: string;
const opened: RowFile[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'rows-'));
  path = join(folder, 'rows.f32');
});
afterEach(() => {
  for (const one of opened.splice(0)) one.close();
  rmSync(folder, { recursive: true, force: true });
});

function open(maxBytes: number, saved?: { readonly count: number; readonly crcs: readonly number[] }): RowFile {
  const rows = new RowFile('f32', DIMS, path, { maxBytes, used: 0 }, saved);
  opened.push(rows);
  return rows;
}
function written() {
  const rows = open(1e9);
  for (let n = 0; n < ROWS; n++) rows.append(new Float32Array(DIMS).fill(n + 1));
  return structuredClone(rows.flush(true));
}

test('a file that fits into memory is read a chunk at a time, before anybody asks', () => {
  const rows = open(1e9, written());
  expect([rows.residentBytes, rows.readSome()]).toEqual([0, true]);
  expect(rows.residentBytes).toBe(CHUNK * DIMS * 4);
  expect([rows.readSome(), rows.readSome(), rows.readSome()]).toEqual([true, true, false]);
  expect(rows.residentBytes).toBeGreaterThanOrEqual(ROWS * DIMS * 4);
  expect(rows.copy(ROWS - 1)[5]).toBe(ROWS);
});

test('of one that does not fit nothing is; what is damaged is met once, and again by who asks', () => {
  const saved = written();
  expect(open(ROWS * DIMS * 4 - 1, saved).readSome()).toBe(false);
  const bytes = readFileSync(path);
  bytes[(CHUNK + 3) * DIMS * 4]! ^= 1;
  writeFileSync(path, bytes);
  const rows = open(1e9, saved);
  expect(rows.readSome()).toBe(true);
  expect(() => rows.readSome()).toThrow(RowsDamaged);
  expect([rows.readSome(), rows.readSome()]).toEqual([true, false]);
  expect(() => rows.at(CHUNK + 9)).toThrow(RowsDamaged);
});
