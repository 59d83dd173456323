import { describe, expect, test } from '@jest/globals';
import { CarReader, CarWriter } from '@ipld/car';
import * as dagCbor from '@ipld/dag-cbor';
import { spawnSync } from 'node:child_process';
import { CID } from 'multiformats/cid';
import { jsonLineOf, npyOf, readCar, rowTables, wireOfJson, writeCar } from '../../src/archive/index.js';
import { concatBytes, toHex, utf8 } from '../../src/bytes.js';
import { cidOf, DAG_CBOR, type ValueMap } from '../../src/codec/index.js';
import { sha256 } from '../../src/crypto/index.js';
import { createRegistry } from '../../src/kinds/index.js';
import { corePlugins } from '../../src/plugins/index.js';
import { createSky } from '../../src/sky/index.js';
import { packRows } from '../../src/space/index.js';
import { signBlock, testSpace } from '../../src/testing/index.js';
import { sharedText } from '../shared-data.ts';
import { testUnless } from '../skipping.ts';

const timestamp = Date.UTC(2026, 4, 1);
const stamp = createSky().stamp({ timeMs: timestamp }) as unknown as ValueMap;
const registry = createRegistry(corePlugins);

function block(i: number, gone = false): Uint8Array {
  const header: ValueMap = { version: 2, kind: 'embedding/1', timestamp: timestamp + i, cosmic_signature: stamp };
  const seed = new Uint8Array(32).fill(1);
  if (gone)
    return signBlock({
      header: { ...header, body: cidOf(DAG_CBOR, sha256(Uint8Array.of(i))), body_bytes: 9 },
      body: null,
      seed,
      network: 'dev',
    });
  const rows = [Float32Array.of(i, 1, 2), Float32Array.of(0, 0.1, i)];
  return signBlock({
    header,
    body: {
      salt: new Uint8Array(16).fill(i),
      tags: [],
      linked_blocks: [],
      space: { ...testSpace('test', 3, { normalized: false }) },
      embedding: packRows(rows, i % 2 === 0 ? 'f32' : 'f16') as unknown as ValueMap,
      input_type: 'text',
      input_reference: rows.map((_, row) => ({ hash: sha256(Uint8Array.of(i, row)), origin: 'test' })),
    },
    seed,
    network: 'dev',
  });
}

const blocks = [
  ...Array.from({ length: 12 }, (_, i) => block(i)),
  block(90, true),
  utf8('{"version": "1.0",\n "signature": "x"}'),
];

async function collect(source: AsyncIterable<Uint8Array>): Promise<Uint8Array[]> {
  const out: Uint8Array[] = [];
  for await (const piece of source) out.push(piece);
  return out;
}
const car = async (list = blocks): Promise<Uint8Array> => concatBytes(...(await collect(writeCar(() => list))));

describe('CAR', () => {
  test('comes back block for block, in whatever pieces it is read', async () => {
    const bytes = await car();
    for (const size of [1, 7, 1000, bytes.length]) {
      const pieces = Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) =>
        bytes.subarray(i * size, (i + 1) * size),
      );
      expect((await collect(readCar(pieces))).map(toHex)).toEqual(blocks.map(toHex));
    }
    expect(await collect(readCar([await car([])]))).toEqual([]);
  });

  test('other IPLD tools read it: every block from the root', async () => {
    const reader = await CarReader.fromBytes(await car());
    const [root] = await reader.getRoots();
    const manifest = dagCbor.decode((await reader.get(root!))!.bytes) as { type: string; blocks: number; parts: CID[] };
    expect(manifest).toMatchObject({ type: 'cosmicembeddings/archive/1', blocks: blocks.length });
    const part = dagCbor.decode((await reader.get(manifest.parts[0]!))!.bytes) as {
      blocks: [CID, CID | null, CID | null][];
    };
    expect(part.blocks).toHaveLength(blocks.length);
    const [envelope, header, body] = part.blocks[3]!;
    expect(dagCbor.decode((await reader.get(header!))!.bytes)).toMatchObject({ version: 2, kind: 'embedding/1', body });
    expect(dagCbor.decode((await reader.get(body!))!.bytes)).toMatchObject({ input_type: 'text' });
    expect((await reader.get(envelope))!.bytes[0]).toBe(0xd2);
    expect(part.blocks[12]![2]).toBeNull();
  });

  test('re-packed by another tool in another order, it still comes back whole', async () => {
    const reader = await CarReader.fromBytes(await car());
    const sections = [];
    for await (const section of reader.blocks()) sections.push(section);
    const { writer, out } = CarWriter.create(await reader.getRoots());
    const written = collect(out);
    for (const section of sections.reverse()) await writer.put(section);
    await writer.close();
    const again = await collect(readCar(await written));
    expect(again.map(toHex).sort()).toEqual(blocks.map(toHex).sort());
  });

  test('2,500 blocks are several parts of the manifest', async () => {
    const many = Array.from({ length: 2500 }, (_, i) => utf8(`{"i":${i}}`));
    expect((await collect(readCar([await car(many)]))).map(toHex)).toEqual(many.map(toHex));
  });

  test('is refused when damaged, cut or of another making', async () => {
    const bytes = await car();
    const read = (changed: Uint8Array) => collect(readCar([changed]));
    const bent = bytes.slice();
    bent[bent.length - 5]! ^= 1;
    await expect(read(bent)).rejects.toThrow(/archive\.malformed/);
    for (const length of [0, 1, 40, 100, bytes.length - 1, bytes.length - 60])
      await expect(read(bytes.subarray(0, length))).rejects.toThrow(/archive\.malformed/);
    const { writer, out } = CarWriter.create([
      CID.createV1(0x71, (await CarReader.fromBytes(bytes).then((r) => r.getRoots()))[0]!.multihash),
    ]);
    const written = collect(out);
    await writer.close();
    await expect(collect(readCar(await written))).rejects.toThrow(/archive\.malformed/);
    await expect(read(utf8('not a CAR at all'))).rejects.toThrow(/archive\.malformed/);
    await expect(collect(writeCar(() => [Uint8Array.of(1, 2, 3)]))).rejects.toThrow(/block\.malformed/);
  });
});

describe('JSON Lines', () => {
  test('there and back, native blocks and version 1', () => {
    for (const wire of blocks) {
      const line = jsonLineOf(wire);
      expect(line).not.toMatch(/[\r\n]/);
      if (wire[0] === 0xd2) expect(toHex(wireOfJson(line) as Uint8Array)).toBe(toHex(wire));
    }
    const texts = (sharedText('python-sdk/signed_blocks.jsonl') ?? '').trim().split('\n').filter(Boolean);
    for (const text of texts) {
      const { block_json } = JSON.parse(text) as { block_json: string };
      const back = wireOfJson(jsonLineOf(utf8(block_json)));
      expect(Buffer.from(back as Uint8Array).toString()).toBe(block_json.trim());
    }
  });

  test.each([
    ['nonsense', 'nonsense'],
    ['a list', '[]'],
    ['a number', '5'],
    ['nothing', ''],
  ])('refuses %s', (_what, line) => {
    expect(wireOfJson(line)).toMatchObject({ status: 'rejected', code: 'block.malformed' });
  });

  test('version 2 is judged as such', () => {
    expect(wireOfJson('{"version": 2}')).toMatchObject({ code: 'block.unsigned' });
    expect(wireOfJson('{"version": "1.0", "x": NaN}')).toBeInstanceOf(Uint8Array);
  });
});

describe('NPY', () => {
  test('rows by space with their ids', async () => {
    const tables = await rowTables(() => blocks, registry);
    expect(tables).toHaveLength(1);
    const [table] = tables;
    expect(table!.ids).toHaveLength(24);
    expect(table!.ids[1]).toMatch(/^bafyrei[a-z2-7]+\t1$/);
  });

  const noNumPy = spawnSync('python3', ['-c', 'import numpy']).status === 0 ? undefined : 'no NumPy here';
  testUnless(noNumPy)('NumPy’s own reading', () => {
    const bytes = npyOf([Float32Array.of(1, -0.5), Float32Array.of(3e-20, 4)], 2);
    expect((bytes.length - 16) % 64).toBe(0);
    const script =
      'import sys,io,numpy; a=numpy.load(io.BytesIO(sys.stdin.buffer.read())); print(a.dtype, a.shape, a.tolist())';
    const run = spawnSync('python3', ['-c', script], { input: bytes, encoding: 'utf8' });
    expect(run.stdout.trim()).toBe(
      'float32 (2, 2) [[1.0, -0.5], [2.9999999999999997e-20, 4.0]]'.replace(
        '2.9999999999999997e-20',
        String(Math.fround(3e-20)),
      ),
    );
  });
});
