import { mkdtempSync, readFileSync, readdirSync, rmSync, truncateSync, writeFileSync, statSync } from 'node:fs';
import { setImmediate as immediate } from 'node:timers/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { corePlugins, createRegistry, CosmicError } from '@cosmicembeddings/sdk';
import { spaceIdOf } from '@cosmicembeddings/sdk/space';
import { chooseEngine } from '../../../src/index/vectors/choose-engine.js';
import { IndexHost, type HostRules, type VectorsAnswer } from '../../../src/index/vectors/host.js';
import { DIMS, Ledger, readOnce, settle, someRows, spaceNamed, turn } from './ledger.ts';
import { testUnless } from '../../../../sdk/test/skipping.ts';

const registry = createRegistry(corePlugins);
const engine = await chooseEngine('auto');
const graphs = testUnless(engine.graph === undefined ? `graphs: ${engine.note}` : undefined);
const space = spaceNamed('test/a');
const id = spaceIdOf(space);

let folder: string;
let nowMs: number;
let ledger: Ledger;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'host-'));
  nowMs = 1_000_000;
  ledger = new Ledger();
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function open(rules: Partial<HostRules> = {}): Promise<IndexHost> {
  return IndexHost.open({
    folder,
    engine,
    reader: ledger.reader(),
    registry,
    guard: true,
    nowMs: () => nowMs,
    yieldTurn: () => immediate(),
    rules: { graphMin: 200, ...rules },
  });
}

async function ask(
  host: IndexHost,
  query: Float32Array,
  k = 10,
  allow?: Uint8Array,
  from = id,
): Promise<VectorsAnswer> {
  while (await readOnce(host, ledger.reader()));
  const [answer] = host.search([{ space: from, query, k, ...(allow === undefined ? {} : { allow }) }]);
  if (answer instanceof CosmicError) throw answer;
  return answer!;
}

const labelsOf = (answer: VectorsAnswer): number[] => answer.hits.map((hit) => hit.label);

describe('index host', () => {
  test('a block is found by the search right after it was stored, before any background work', async () => {
    const host = await open();
    for (const vectors of [someRows(3, 1), someRows(2, 2)]) ledger.add(space, vectors);
    const answer = await ask(host, someRows(2, 2)[1]!, 1);
    expect(labelsOf(answer)).toEqual([4]);
    expect(answer.hits[0]!.score).toBeCloseTo(1, 6);
    expect(answer.indexedTo).toEqual({ epoch: 'first', seq: 2 });
  });

  const testOfGraphs = engine.graph === undefined ? test.skip : test;
  testOfGraphs('the tail is bounded: the store is read no further than rows that a graph has not taken', async () => {
    const host = await open({ tailMax: 500 });
    for (let i = 0; i < 20; i++) ledger.add(space, someRows(100, i + 1));
    expect((await ask(host, someRows(1, 1)[0]!)).indexedTo.seq).toBe(5);
    await settle(host, ledger.reader());
    expect((await ask(host, someRows(1, 1)[0]!)).indexedTo.seq).toBe(20);
    expect(host.status.spaces[id]!.graphRows).toBeGreaterThan(1900);
  });

  test('rows of every storage form, and of spaces apart', async () => {
    const other = spaceNamed('test/b');
    const bits = { ...spaceNamed('test/bits'), metric: 'hamming' as const, normalized: false };
    const rows = someRows(4, 3);
    ledger.add(space, rows, { dtype: 'f16' });
    ledger.add(other, rows, { dtype: 'i8' });
    ledger.add(bits, rows, { dtype: 'b1' });
    const host = await open();
    expect(labelsOf(await ask(host, rows[2]!, 1))).toEqual([2]);
    expect(labelsOf(await ask(host, rows[2]!, 1, undefined, spaceIdOf(other)))).toEqual([6]);
    const hit = (
      await ask(
        host,
        rows[2]!.map((x) => (x > 0 ? 1 : -1)),
        1,
        undefined,
        spaceIdOf(bits),
      )
    ).hits[0]!;
    expect(hit.label).toBe(10);
    expect(hit.score).toBeCloseTo(1, 6);
    await host.close();
  });

  test('an unknown space has no hits; a query of another length is refused by code', async () => {
    ledger.add(space, someRows(3, 4));
    const host = await open();
    expect(await ask(host, someRows(1, 1)[0]!, 3, undefined, 'bafynone')).toMatchObject({ hits: [] });
    await expect(ask(host, new Float32Array(DIMS + 1))).rejects.toMatchObject({ code: 'space.dims_mismatch' });
  });

  const mapped = testUnless(
    engine.name !== 'usearch' || process.platform !== 'linux' ? 'graphs on their files: usearch on Linux' : undefined,
  );
  mapped('a graph to which nothing is added rests on its file, answers the same, and takes rows again', async () => {
    const restsOn = (): string | undefined =>
      readFileSync('/proc/self/maps', 'utf8')
        .split('\n')
        .find((line) => line.includes(folder))
        ?.split('/')
        .at(-1);
    ledger.add(space, someRows(1000, 1));
    const query = someRows(1, 7)[0]!;
    const host = await open();
    await settle(host, ledger.reader());
    const expected = await ask(host, query);
    expect(restsOn()).toBeUndefined();
    nowMs += 1000;
    await settle(host, ledger.reader());
    await settle(host, ledger.reader());
    expect(restsOn()).toBe('graph-1.bin');
    expect(await ask(host, query)).toEqual(expected);

    const added = someRows(20, 2);
    ledger.add(space, added);
    await settle(host, ledger.reader());
    expect(restsOn()).toBeUndefined();
    expect(labelsOf(await ask(host, added[3]!))[0]).toBe(1003);
    // Twenty rows are not worth writing the graph of a thousand.
    nowMs += 1000;
    await settle(host, ledger.reader());
    expect(restsOn()).toBeUndefined();
    await host.close();

    const again = await open();
    expect(restsOn()).toBe('graph-2.bin');
    expect(labelsOf(await ask(again, added[3]!))[0]).toBe(1003);
    await again.close();
  });

  graphs('what came since the last save is taken before any of it goes into a graph', async () => {
    for (let i = 0; i < 3; i++) ledger.add(space, someRows(100, i + 1));
    const before = await open();
    await settle(before, ledger.reader());
    await before.close();
    for (let i = 0; i < 3; i++) ledger.add(space, someRows(100, i + 11));
    const host = await open();
    expect([await host.idle(), host.status.spaces[id]]).toMatchObject([false, { rows: 300, tail: 0 }]);
    expect(await readOnce(host, ledger.reader())).toBe(true);
    expect(host.position.seq).toBe(6);
    expect(host.status.spaces[id]).toMatchObject({ rows: 600, tail: 300 });
    nowMs += 1000;
    while (await host.idle());
    expect(host.status.spaces[id]).toMatchObject({ rows: 600, tail: 0 });
  });

  graphs('restarts from its files: nothing is read twice, graph included', async () => {
    for (let i = 0; i < 10; i++) ledger.add(space, someRows(100, i + 1));
    const query = someRows(1, 7)[0]!;
    const before = await open();
    await settle(before, ledger.reader());
    const expected = await ask(before, query);
    await before.close();

    let reads = 0;
    const reader = ledger.reader();
    const after = await IndexHost.open({
      folder,
      engine,
      registry,
      guard: true,
      nowMs: () => nowMs,
      yieldTurn: () => immediate(),
      rules: { graphMin: 200 },
      reader: {
        ...reader,
        tail: async (cursor, max) => {
          const tail = await reader.tail(cursor, max);
          reads += tail.items.length;
          return tail;
        },
      },
    });
    expect(after.position.seq).toBe(10);
    expect(after.status.spaces[id]).toMatchObject({ tail: 0, rows: 1000 });
    expect(await ask(after, query)).toEqual(expected);
    expect(reads).toBe(0);
    await after.close();
  });

  test('what was not saved before a crash is read from the store again', async () => {
    for (let i = 0; i < 5; i++) ledger.add(space, someRows(50, i + 1));
    const host = await open();
    await settle(host, ledger.reader());
    await host.save();
    ledger.add(space, someRows(50, 9));
    await ask(host, someRows(1, 9)[0]!);
    // No close: the process is gone.
    const after = await open();
    const answer = await ask(after, someRows(1, 9)[0]!, 1000);
    expect(answer.hits).toHaveLength(300);
    expect(answer.hits[0]!.label).toBe(250);
    await after.close();
  });

  test('a foreign epoch starts over', async () => {
    ledger.add(space, someRows(20, 1));
    const host = await open();
    await settle(host, ledger.reader());
    await host.close();
    ledger = new Ledger();
    ledger.epoch = 'second';
    ledger.add(space, someRows(5, 2));
    const after = await open();
    expect((await ask(after, someRows(1, 2)[0]!, 100)).hits).toHaveLength(5);
    expect(after.position).toEqual({ epoch: 'second', seq: 1 });
  });

  test('a store that is behind the index (restored under the same epoch) starts over', async () => {
    for (let i = 0; i < 3; i++) ledger.add(space, someRows(5, i + 1));
    const host = await open();
    await settle(host, ledger.reader());
    await host.close();
    ledger.items.length = 1;
    ledger.labels = 5;
    expect((await ask(await open(), someRows(1, 1)[0]!, 100)).hits).toHaveLength(5);
  });

  for (const [file, name] of [
    ['state.bin', /^state\.bin$/],
    ['rows.f32', /^rows\.f32$/],
    ['the graph', /^graph-/],
    ['index.bin', /^index\.bin$/],
  ] as const) {
    for (const damage of ['flipped', 'cut', 'deleted'] as const) {
      graphs(`${file} ${damage}: built again by itself, with every row found`, async () => {
        for (let i = 0; i < 10; i++) ledger.add(space, someRows(100, i + 1));
        const host = await open();
        await settle(host, ledger.reader());
        await host.close();
        const path = [folder, join(folder, id)]
          .flatMap((at) => readdirSync(at).map((entry) => join(at, entry)))
          .find((at) => name.test(at.split('/').at(-1)!))!;
        if (damage === 'deleted') rmSync(path);
        else if (damage === 'cut') truncateSync(path, Math.floor(statSync(path).size / 2));
        else {
          const bytes = readFileSync(path);
          bytes[Math.floor(bytes.length / 2)]! ^= 0x10;
          writeFileSync(path, bytes);
        }
        const after = await open();
        // Searches go on from the first moment, and never claim more than they have.
        for (let i = 0; i < 200; i++) {
          const answer = await ask(after, someRows(1, 5)[0]!, 2000);
          expect(answer.hits.length).toBeGreaterThanOrEqual(answer.indexedTo.seq * 100);
          if (!(await turn(after, ledger.reader()))) break;
        }
        await settle(after, ledger.reader());
        const answer = await ask(after, someRows(100, 5)[3]!, 1000);
        expect(answer.hits).toHaveLength(1000);
        expect(answer.hits[0]).toMatchObject({ label: 403 });
        expect(answer.indexedTo.seq).toBe(10);
        expect(after.status.waiting).toEqual([]);
        await after.close();
        expect((await open()).status.spaces[id]).toMatchObject({ rows: 1000, tail: 0 });
      });
    }
  }

  graphs('an erased row is out of answers at once, and out of every file within the stated time', async () => {
    const secret = someRows(1, 99)[0]!;
    for (let i = 0; i < 5; i++) ledger.add(space, someRows(100, i + 1));
    const { firstLabel } = ledger.add(space, [secret]);
    for (let i = 0; i < 5; i++) ledger.add(space, someRows(100, i + 11));
    const host = await open({ eraseWithinMs: 60_000 });
    await settle(host, ledger.reader());
    await host.save({ graph: true });
    const needle = Buffer.from(secret.buffer, 0, 16);
    const quantised = needleOf(join(folder, id), secret);
    expect(holds(folder, needle)).toBe(true);
    expect(quantised()).toBe(true);

    ledger.erase(firstLabel, 1);
    expect(labelsOf(await ask(host, secret, 2000))).not.toContain(firstLabel);
    await host.save();
    expect(holds(folder, needle)).toBe(false);
    expect(quantised()).toBe(true);

    nowMs += 60_001;
    await settle(host, ledger.reader());
    await host.save({ graph: true });
    expect(quantised()).toBe(false);
    expect((await ask(host, secret, 2000)).hits).toHaveLength(1000);
    await host.close();
    const after = await open();
    expect(labelsOf(await ask(after, secret, 2000))).not.toContain(firstLabel);
  });

  test('new spaces are taken at a rate; those over it wait, say so, and are complete in the end', async () => {
    for (let i = 0; i < 6; i++) ledger.add(spaceNamed(`test/${i}`), someRows(2, i + 1));
    for (let i = 0; i < 6; i++) ledger.add(spaceNamed(`test/${i}`), someRows(2, i + 20));
    const host = await open({ newSpaces: { burst: 4, everyMs: 1000 } });
    await settle(host, ledger.reader());
    const last = spaceIdOf(spaceNamed('test/5'));
    expect(host.status.waiting).toHaveLength(2);
    expect(await ask(host, someRows(1, 6)[0]!, 10, undefined, last)).toMatchObject({ hits: [], indexedTo: { seq: 5 } });
    nowMs += 2000;
    await settle(host, ledger.reader());
    expect(host.status.waiting).toEqual([]);
    const answer = await ask(host, someRows(1, 6)[0]!, 10, undefined, last);
    expect(answer.hits).toHaveLength(4);
    expect(answer.indexedTo.seq).toBe(12);
  });

  test('rows that are named are scored, all of them and no others', async () => {
    const rows = someRows(20, 7);
    ledger.add(spaceNamed('test/among'), rows);
    const host = await open();
    await settle(host, ledger.reader());
    const space = spaceIdOf(spaceNamed('test/among'));
    const [all] = host.search([{ space, query: rows[3]!, k: 20, exact: true }]) as VectorsAnswer[];
    const [named] = host.search([
      { space, query: rows[3]!, k: 9, among: Uint32Array.of(11, 0, 3, 999) },
    ]) as VectorsAnswer[];
    const scoreOf = ({ label, score }: { label: number; score: number }): [number, number] => [label, score];
    const wanted = all!.hits.filter(({ label }) => [0, 3, 11].includes(label)).map(scoreOf);
    expect(wanted).toHaveLength(3);
    expect(named!.hits.map(scoreOf)).toEqual(wanted);
  });

  test('many small spaces are cheap: no graph, no open files', async () => {
    for (let i = 0; i < 300; i++) ledger.add(spaceNamed(`test/${i}`), someRows(1, i + 1));
    const host = await open();
    await settle(host, ledger.reader());
    expect(host.status.waiting).toEqual([]);
    const before = readdirSync('/proc/self/fd').length;
    await host.save();
    expect(readdirSync('/proc/self/fd').length).toBeLessThanOrEqual(before + 2);
    for (const status of Object.values(host.status.spaces))
      expect(status.residentBytes).toBeLessThanOrEqual(4 * 4 * DIMS);
    await host.close();
    const after = await open();
    expect(Object.keys(after.status.spaces)).toHaveLength(300);
    expect(
      (await ask(after, someRows(1, 42)[0]!, 1, undefined, spaceIdOf(spaceNamed('test/41')))).hits[0]!.score,
    ).toBeCloseTo(1, 6);
  });

  graphs('filters that keep little are answered exactly, from the graph when they keep much', async () => {
    for (let i = 0; i < 30; i++) ledger.add(space, someRows(100, i + 1));
    const host = await open();
    await settle(host, ledger.reader());
    for (const every of [2, 100]) {
      const allow = new Uint8Array(375);
      for (let label = 0; label < 3000; label += every) allow[label >> 3]! |= 1 << (label & 7);
      const query = someRows(4, 77)[2]!;
      const answer = await ask(host, query, 10, allow);
      const [truth] = host.search([{ space: id, query, k: 10, allow, exact: true }]);
      expect(answer.hits.every((hit) => hit.label % every === 0)).toBe(true);
      expect(
        labelsOf(answer).filter((label) => labelsOf(truth as VectorsAnswer).includes(label)).length,
      ).toBeGreaterThanOrEqual(9);
      if (every === 100) expect(answer.exact).toBe(true);
    }
  });

  test('the background tells how a query stands to the space', async () => {
    ledger.add(space, someRows(150, 1));
    const host = await open();
    await readOnce(host, ledger.reader());
    const [answer] = host.search([{ space: id, query: someRows(1, 1)[0]!, k: 1, background: true }]);
    expect((answer as VectorsAnswer).background).toMatchObject({ n: 100 });
  });
});

function holds(at: string, needle: Buffer): boolean {
  return readdirSync(at, { withFileTypes: true }).some((entry) =>
    entry.isDirectory() ? holds(join(at, entry.name), needle) : readFileSync(join(at, entry.name)).includes(needle),
  );
}

/** Does the graph file hold the row as usearch stores it (8 bits of the unit row)? */
function needleOf(at: string, row: Float32Array): () => boolean {
  const bytes = Buffer.from(Int8Array.from(row, (x) => Math.trunc(x * 127)).buffer);
  const rounded = Buffer.from(Int8Array.from(row, (x) => Math.round(x * 127)).buffer);
  const full = Buffer.from(row.slice().buffer);
  return () =>
    readdirSync(at).some(
      (name) =>
        name.startsWith('graph-') &&
        [bytes, rounded, full].some((needle) => readFileSync(join(at, name)).includes(needle)),
    );
}
