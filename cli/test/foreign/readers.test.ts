import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { npyOf } from '@cosmicembeddings/sdk/archive';
import { linesIn, objectsOf } from '../../src/foreign/lines.js';
import { matrixRows } from '../../src/foreign/matrix.js';
import { foreignOf, type Foreign } from '../../src/foreign/record.js';
import { qdrantPoints } from '../../src/foreign/servers.js';

const folder = mkdtempSync(join(tmpdir(), 'cosmic-foreign-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const file = (name: string, content: Uint8Array | string): string => {
  writeFileSync(join(folder, name), content);
  return join(folder, name);
};
async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const item of items) list.push(item);
  return list;
}
const shown = (records: readonly Foreign[]) => records.map(({ id, vector }) => [id, Array.from(vector)]);

describe('FAISS, as faiss-cpu 1 wrote [[1, 0, .5], [0, 2, .25]]', () => {
  const numbers = '0000803f000000000000003f00000000000000400000803e';
  const header = '03000000020000000000000000001000000000000000100000000000';
  const flat = (magic: string, metric: string) => `${magic}${header}01${metric}0000000600000000000000${numbers}`;
  test.each([
    ['IndexFlatL2', flat('49784632', '01'), ['a.faiss:0', 'a.faiss:1']],
    ['IndexFlatIP', flat('49784649', '00'), ['a.faiss:0', 'a.faiss:1']],
    [
      'IndexIDMap',
      `49784d70${header}0101000000${flat('49784632', '01')}020000000000000007000000000000000900000000000000`,
      ['7', '9'],
    ],
  ])('%s', async (_, hex, ids) => {
    const path = file('a.faiss', Buffer.from(hex, 'hex'));
    expect(shown(await all(matrixRows(path)))).toEqual([
      [ids[0], [1, 0, 0.5]],
      [ids[1], [0, 2, 0.25]],
    ]);
  });

  test('another index, or one that was cut off, is named', async () => {
    await expect(all(matrixRows(file('b.faiss', Buffer.from(`49774666${header}`, 'hex'))))).rejects.toThrow(
      'reconstruct_n',
    );
    const cut = Buffer.from(flat('49784632', '01'), 'hex').subarray(0, -4);
    await expect(all(matrixRows(file('c.faiss', cut)))).rejects.toThrow('shorter');
    await expect(all(matrixRows(join(folder, 'nowhere.npy')))).rejects.toThrow('input.not_found');
  });
});

describe('NumPy', () => {
  const npy = (descr: string, bytes: Buffer, more = "'fortran_order': False, 'shape': (2, 2), ") => {
    const dict = `{'descr': '${descr}', ${more}}\n`;
    const head = Buffer.from([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, dict.length & 255, dict.length >> 8]);
    return Buffer.concat([head, Buffer.from(dict, 'latin1'), bytes]);
  };
  test.each([
    ['<f4', Buffer.from(Float32Array.of(1, -2, 0.5, 4).buffer)],
    ['<f8', Buffer.from(Float64Array.of(1, -2, 0.5, 4).buffer)],
    ['<f2', Buffer.from(Uint16Array.of(0x3c00, 0xc000, 0x3800, 0x4400).buffer)],
  ])('%s, with lines beside it', async (descr, bytes) => {
    const rows = file(
      'rows.jsonl',
      '{"id": "one", "text": "first", "n": 1}\n{"id": "two", "metadata": {"deep": {"n": 2}}}\n',
    );
    const records = await all(matrixRows(file('x.npy', npy(descr, bytes)), objectsOf(rows)));
    expect(shown(records)).toEqual([
      ['one', [1, -2]],
      ['two', [0.5, 4]],
    ]);
    expect(records.map(({ text, metadata }) => [text, metadata])).toEqual([
      ['first', { n: 1 }],
      [null, { deep: { n: 2 } }],
    ]);
  });

  test('what this project exports comes back', async () => {
    const rows = [Float32Array.of(0.1, 0.2, 0.3), Float32Array.of(4, 5, 6)];
    const records = await all(matrixRows(file('own.npy', npyOf(rows, 3))));
    expect(records.map(({ vector }) => vector)).toEqual(rows);
  });

  test('columns first, integers and other shapes are refused', async () => {
    const bytes = Buffer.alloc(16);
    await expect(
      all(matrixRows(file('f.npy', npy('<f4', bytes, "'fortran_order': True, 'shape': (2, 2), ")))),
    ).rejects.toThrow('C order');
    await expect(all(matrixRows(file('i.npy', npy('<i4', bytes))))).rejects.toThrow('floats');
    await expect(
      all(matrixRows(file('s.npy', npy('<f4', bytes, "'fortran_order': False, 'shape': (4,), ")))),
    ).rejects.toThrow('two-dimensional');
  });
});

test.each([
  // pgvector through row_to_json, LangChain’s table for it, LanceDB through to_pylist, a record without a vector.
  [
    { id: 5, embedding: '[1,2]', content: 'a', lang: 'en' },
    { id: '5', text: 'a', metadata: { lang: 'en' } },
  ],
  [
    { uuid: 'u', embedding: [1, 2], document: 'a', cmetadata: { k: 1 } },
    { id: 'u', text: 'a', metadata: { k: 1 } },
  ],
  [
    { vector: [1, 2], text: 'a', url: 'https://a.example', n: 1 },
    { id: 'fall', uri: 'https://a.example', metadata: { n: 1 } },
  ],
  [
    { id: 1, payload: { page_content: 'a', k: 1 }, vector: [1] },
    { id: '1', text: 'a', metadata: { k: 1 } },
  ],
])('the columns that databases have: %j', (fields, expected) =>
  expect(foreignOf(fields, 'fall')).toMatchObject(expected),
);

test('a record without numbers says so', () => {
  expect(foreignOf({ id: 1, vector: 'x' }, 'a')).toContain('no vector');
  expect(foreignOf({ id: 1, vector: [] }, 'a')).toContain('no vector');
});

describe('Qdrant', () => {
  let server: Server;
  const points = [
    { id: 1, vector: [1, 0], payload: { text: 'one', deep: { n: 1 } } },
    { id: 'b', vector: { small: [0, 1], large: [1, 1, 1] }, payload: null },
  ];
  // As its documentation of "Scroll points" has it: a page, and where the next one begins.
  beforeAll(async () => {
    server = createServer((request, response) => {
      let text = '';
      request.on('data', (chunk: Buffer) => (text += chunk.toString()));
      request.on('end', () => {
        const { offset } = JSON.parse(text) as { offset?: number };
        const result =
          offset === undefined
            ? { points: [points[0]], next_page_offset: 2 }
            : { points: [points[1]], next_page_offset: null };
        response.end(JSON.stringify({ result, status: 'ok' }));
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  });
  afterAll(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });

  test('page after page; of several vectors one has to be chosen', async () => {
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    await expect(all(qdrantPoints(url, 'c'))).rejects.toThrow('small, large');
    points[0]!.vector = { small: [1, 0] } as never;
    expect(await all(qdrantPoints(url, 'c', 'small'))).toMatchObject([
      { id: '1', text: 'one', metadata: { deep: { n: 1 } } },
      { id: 'b', text: null, metadata: {} },
    ]);
  });
});

test('how many there are is known before they are read: for progress', async () => {
  expect(await linesIn(file('three.jsonl', '{}\n{}\n{}'))).toBe(3);
  expect(await linesIn(file('two.jsonl', '{}\n{}\n'))).toBe(2);
  expect(await linesIn(file('none.jsonl', ''))).toBe(0);
  expect(await linesIn(join(folder, 'nowhere.jsonl'))).toBe(0);
  const counted: number[] = [];
  const matrix = npyOf([new Float32Array([1, 0]), new Float32Array([0, 1])], 2);
  await all(matrixRows(file('two.npy', matrix), undefined, (rows) => counted.push(rows)));
  expect(counted).toEqual([2]);
});
