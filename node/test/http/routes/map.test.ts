import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { spaceIdOf } from '@cosmicembeddings/sdk';
import { createClient, readMap as readAnswer } from '@cosmicembeddings/sdk/api';
import { mapFile, readMap, writeMap } from '../../../src/index/map/file.js';
import { keptMaps, mapFollower } from '../../../src/index/map/kept.js';
import { chooseSqlite } from '../../../src/store/sqlite/driver.js';
import { storeFile } from '../../../src/store/sqlite/index.js';
import { openUpkeep } from '../../../src/store/sqlite/upkeep.js';
import { blockOf, embedder, problem, testedNode } from '../node.ts';

const node = testedNode();
const space = spaceIdOf(embedder.space);
const subjects = ['kiln', 'heron', 'violin', 'glacier'];
const textsOf = (subject: string, n: number): string[] =>
  Array.from({ length: n }, (_, i) => `The ${subject} of the ${subject} maker, number ${i}, needs care.`);

interface Read {
  readonly head: {
    readonly state: string;
    readonly points: number;
    readonly rows: number;
    readonly tags: readonly { readonly name: string; readonly points: number }[];
    readonly regions: readonly { readonly points: number; readonly words: readonly string[] }[];
  };
  readonly labels: readonly number[];
  /** By label. */
  readonly places: ReadonlyMap<number, string>;
  readonly tag: string;
}

/** As specs/map.md says. */
async function mapOf(): Promise<Read> {
  const answer = await fetch(`${node.url}/v2/map?space=${space}`);
  expect(answer.status).toBe(200);
  const bytes = new Uint8Array(await answer.arrayBuffer());
  expect(new TextDecoder().decode(bytes.subarray(0, 8))).toBe('CEMAP001');
  const from = 12 + new DataView(bytes.buffer).getUint32(8, true);
  const head = JSON.parse(new TextDecoder().decode(bytes.subarray(12, from))) as Read['head'];
  const n = head.points;
  expect(bytes.length).toBe(from + 13 * n);
  const column = <T>(make: new (buffer: ArrayBuffer, at: number, n: number) => T, at: number): T =>
    new make(bytes.buffer, from + at * n, n);
  const [xs, ys, labels] = [column(Uint16Array, 0), column(Uint16Array, 2), [...column(Uint32Array, 4)]];
  return {
    head,
    labels,
    places: new Map(labels.map((label, i) => [label, `${xs[i]} ${ys[i]}`])),
    tag: answer.headers.get('etag')!,
  };
}

/** A map takes the time that it takes: asked for until it is so. */
async function mapWhere(isSo: (map: Read) => boolean): Promise<Read> {
  const untilMs = Date.now() + 100_000;
  for (;;) {
    const map = await mapOf();
    if (isSo(map)) return map;
    if (Date.now() > untilMs) throw new Error(`the map is ${JSON.stringify(map.head).slice(0, 300)}`);
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

const isReady = ({ head }: Read): boolean => head.state === 'ready' && head.regions.length > 0;

test('a map is laid out when it is asked for, and nobody else pays for it', async () => {
  expect(await problem(await fetch(`${node.url}/v2/map?space=${space}`))).toEqual({
    status: 404,
    code: 'space.unknown',
  });
  const ids: string[] = [];
  for (const subject of subjects) {
    const { id, wire } = await blockOf(textsOf(subject, 55), { tags: [subject] });
    ids.push(id);
    expect((await node.post(wire, undefined, '?wait=indexed')).status).toBe(201);
    // Too few for a map.
    if (ids.length === 1)
      expect((await mapWhere(({ head }) => head.state === 'few')).head).toMatchObject({ points: 0, rows: 55 });
  }
  const map = await mapWhere(isReady);
  expect(map.head.points).toBe(220);
  expect(map.head.tags.map(({ points }) => points)).toEqual([55, 55, 55, 55]);
  expect(map.head.regions.reduce((sum, { points }) => sum + points, 0)).toBe(220);
  expect(map.head.regions.flatMap(({ words }) => words)).toEqual(expect.arrayContaining(subjects));
  // Known already, and as it is compressed.
  const again = await fetch(`${node.url}/v2/map?space=${space}`, { headers: { 'if-none-match': map.tag } });
  expect(again.status).toBe(304);
  // As the SDK reads it.
  const client = createClient({ url: node.url });
  const read = (await client.map(space))!;
  expect([read.tag, [...read.map.labels], read.map.regions.length]).toEqual([
    map.tag,
    map.labels,
    map.head.regions.length,
  ]);
  expect(new Set(read.map.codes.tag)).toEqual(new Set([1, 2, 3, 4]));
  expect(await client.map(space, { known: read.tag })).toBeUndefined();
  expect(() => readAnswer(new Uint8Array(40))).toThrow(/a map that cannot be read/);
  // Which rows they are.
  const rows = await (
    await node.postJson('/v2/map/rows', JSON.stringify({ labels: [60, 9999], hits: [{ id: ids[1], row: 5 }] }))
  ).json();
  expect(rows).toEqual({
    rows: [{ label: 60, id: ids[1], row: 5 }, { label: 9999 }, { label: 60, id: ids[1], row: 5 }],
  });

  // New rows go among the others, which stay.
  const more = await blockOf(textsOf('kiln', 20), { tags: ['kiln'] });
  await node.post(more.wire, undefined, '?wait=indexed');
  const grown = await mapWhere(({ head }) => head.points === 240);
  for (const [label, place] of map.places) expect([label, grown.places.get(label)]).toEqual([label, place]);

  // Whoever was hidden is not shown.
  await node.post(await node.retraction(ids[3]!), undefined, '?wait=indexed');
  const without = await mapWhere(({ head }) => head.points === 185);
  expect(without.head.tags.map(({ name }) => name)).not.toContain('violin-maker');
  expect(without.head.tags.map(({ name }) => name)).not.toContain('glacier');

  // What is erased is gone at once, and from the file when the node ends.
  const token = readFileSync(join(node.folder, 'token'), 'utf8').trim();
  const erased = await fetch(`${node.url}/v2/erase`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
    body: JSON.stringify({ ids: [ids[0]], reason: 'takedown' }),
  });
  expect(erased.status).toBe(200);
  // Nor in the file, should the node be killed in this moment.
  expect(readMap(mapFile(node.folder, space))?.labels.some((label) => label < 55) ?? false).toBe(false);
  const left = await mapOf();
  expect(left.labels.some((label) => label < 55)).toBe(false);
  let kept: readonly number[] = [];
  await node.restart(() => {
    kept = [...readMap(mapFile(node.folder, space))!.labels];
  });
  expect(kept.some((label) => label < 55)).toBe(false);
  // Labels 165 to 219 are hidden, not erased: they have their places still.
  expect(kept.filter((label) => label >= 165 && label < 220)).toHaveLength(55);
  const later = await mapWhere(({ head }) => head.points === 130 && head.state === 'ready');
  for (const label of later.labels) expect(kept).toContain(label);
}, 300_000);

test('upkeep finds and takes away places of erased rows', async () => {
  let found: object = {};
  let forgetting: Promise<readonly string[]> | undefined;
  await node.restart(() => {
    const { folder } = node;
    const engine = chooseSqlite('auto');
    const upkeep = openUpkeep(storeFile(folder), engine);
    const looked = { folder, engine, upkeep };
    const before = [...keptMaps.leftovers(looked)];
    const map = readMap(mapFile(folder, space))!;
    writeMap(folder, { ...map, labels: Uint32Array.of(3), xs: Float32Array.of(0), ys: Float32Array.of(0) });
    const left = [...keptMaps.leftovers(looked)];
    forgetting = keptMaps.forget(looked);
    found = { before, left, after: [...keptMaps.leftovers(looked)], damage: [...mapFollower.damage(looked)] };
    upkeep.close();
  });
  expect(found).toEqual({
    before: [],
    left: [expect.stringContaining('places of 1 rows that were erased')],
    after: [],
    damage: [],
  });
  expect(await forgetting).toEqual([`map/${space}.bin`]);
}, 120_000);
