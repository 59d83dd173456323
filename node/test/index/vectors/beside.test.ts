import { cpSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { setImmediate as immediate } from 'node:timers/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { corePlugins, createRegistry, CosmicError } from '@cosmicembeddings/sdk';
import { spaceIdOf } from '@cosmicembeddings/sdk/space';
import { chooseEngine } from '../../../src/index/vectors/choose-engine.js';
import { IndexHost, type VectorsAnswer } from '../../../src/index/vectors/host.js';
import type { Followed } from '../../../src/follow/index.js';
import { Ledger, readOnce, settle, someRows, spaceNamed, turn } from './ledger.ts';

const registry = createRegistry(corePlugins);
const engine = await chooseEngine('exact');
/** So many numbers that 128 rows are one piece of the rows' file with a sum of its own (4 MiB). */
const DIMS = 8192;
const large = spaceNamed('test/large', DIMS);
const largeId = spaceIdOf(large);
const small = spaceNamed('test/small');
const smallId = spaceIdOf(small);
const BLOCKS = 9;
const ROWS = 20;
const ALL = BLOCKS * ROWS;
const HEAD = BLOCKS + 1;

let home: string;
let folder: string;
let ledger: Ledger;
let hosts: IndexHost[];
let vectors: Float32Array[];
beforeEach(async () => {
  home = mkdtempSync(join(tmpdir(), 'beside-'));
  folder = join(home, 'index');
  ledger = new Ledger();
  hosts = [];
  vectors = someRows(ALL, 3, DIMS);
  for (let i = 0; i < BLOCKS; i++) ledger.add(large, vectors.slice(i * ROWS, (i + 1) * ROWS));
  ledger.add(small, someRows(20, 9));
  const host = await open();
  await settle(host, ledger.reader());
  await close(host);
});
afterEach(async () => {
  for (const host of hosts) await host.close().catch(() => undefined);
  rmSync(home, { recursive: true, force: true });
});

async function open(at = folder, reader: Followed = ledger.reader()): Promise<IndexHost> {
  const host = await IndexHost.open({
    folder: at,
    engine,
    reader,
    registry,
    guard: true,
    nowMs: () => 1_000_000,
    yieldTurn: () => immediate(),
    rules: { graphMin: 1e9, tailMax: 1e9 },
  });
  hosts.push(host);
  return host;
}

async function close(host: IndexHost): Promise<void> {
  hosts.splice(hosts.indexOf(host), 1);
  await host.close();
}

function ask(host: IndexHost, query = vectors[0]!, space = largeId): VectorsAnswer {
  const [answer] = host.search([{ space, query, k: 1000 }]);
  if (answer instanceof CosmicError) throw answer;
  return answer!;
}
const labels = (answer: VectorsAnswer): number[] => answer.hits.map(({ label }) => label).sort((a, b) => a - b);
const upTo = (n: number): number[] => Array.from({ length: n }, (_, i) => i);

/** One number of the second piece of the file changes: rows 128 to 179. */
function damage(): void {
  const path = join(folder, largeId, 'rows.f32');
  const bytes = readFileSync(path);
  bytes[140 * DIMS * 4 + 2]! ^= 0x40;
  writeFileSync(path, bytes);
}
const sound = upTo(ALL).filter((label) => label < 128);

/** Reads one item at a time, so that there are moments in between. */
const oneByOne = (): Followed => {
  const { tail, head } = ledger.reader();
  return { head, tail: (cursor, _max, wants) => tail(cursor, 1, wants) };
};

test('what can be read of a damaged space answers until it is whole again, and says how far it is', async () => {
  damage();
  const host = await open();
  expect(labels(ask(host)).length).toBeLessThan(ALL);
  let steps = 0;
  for (; host.status.waiting.length > 0; steps++) {
    const answer = ask(host);
    expect(labels(answer)).toEqual(sound);
    expect(answer.indexedTo.seq).toBeLessThan(HEAD);
    // One truth: what a search says and what the follower says.
    expect(host.reached(host.durable())).toEqual(answer.indexedTo);
    expect(host.status.position).toEqual(answer.indexedTo);
    const other = ask(host, someRows(1, 9)[0]!, smallId);
    expect([other.hits.length, other.indexedTo.seq]).toEqual([20, HEAD]);
    await turn(host, oneByOne());
  }
  expect(steps).toBeGreaterThan(BLOCKS);
  const answer = ask(host);
  expect(labels(answer)).toEqual(upTo(ALL));
  expect(answer.indexedTo.seq).toBe(HEAD);
  expect(host.reached(host.durable()).seq).toBe(HEAD);
  await close(host);
  expect(readdirSync(folder).filter((name) => name.startsWith(largeId))).toHaveLength(1);
  expect(labels(ask(await open()))).toEqual(upTo(ALL));
});

test('what comes and goes meanwhile comes and goes in both', async () => {
  damage();
  const host = await open();
  ask(host);
  for (let i = 0; i < 5; i++) await turn(host, oneByOne());
  // Rows of a block that was read again already, and of one that is still to come.
  ledger.erase(0, ROWS);
  ledger.erase(160, ROWS);
  const { firstLabel } = ledger.add(large, [vectors[0]!.slice()]);
  while (await readOnce(host, ledger.reader()));
  const left = (all: number[]): number[] =>
    [...all.filter((label) => label >= 20 && label < 160), firstLabel].sort((a, b) => a - b);
  while (host.status.waiting.length > 0) {
    expect(labels(ask(host))).toEqual(left(sound));
    await turn(host, oneByOne());
  }
  expect(labels(ask(host))).toEqual(left(upTo(ALL)));
  await close(host);
  expect(labels(ask(await open()))).toEqual(left(upTo(ALL)));
});

test('ended at any moment it goes on or begins again, and never finds what was erased', async () => {
  damage();
  const host = await open();
  ask(host);
  let wentOn = 0;
  for (let moment = 0; host.status.waiting.length > 0; moment++) {
    if (moment === 4) {
      ledger.erase(60, ROWS);
      await readOnce(host, ledger.reader());
    }
    const isErased = moment >= 4;
    const step = async (): Promise<void> => void (await turn(host, oneByOne()));
    if (moment % 3 === 0) await host.save();
    if (moment % 2 === 1) {
      await step();
      continue;
    }
    const copy = join(home, `copy-${moment}`);
    cpSync(folder, copy, { recursive: true });
    let read = 0;
    const reader = ledger.reader();
    const counted: Followed = {
      head: reader.head,
      tail: async (cursor, max, wants) => {
        const tail = await reader.tail(cursor, max, wants);
        read += tail.items.length;
        return tail;
      },
    };
    const after = await open(copy, counted);
    while (await readOnce(after, counted));
    const gone = (label: number): boolean => isErased && label >= 60 && label < 80;
    const meanwhile = labels(ask(after));
    expect(meanwhile.filter(gone)).toEqual([]);
    expect(meanwhile).toEqual(expect.arrayContaining(sound.filter((label) => !gone(label))));
    const before = read;
    await settle(after, counted);
    if (read - before < HEAD) wentOn++;
    expect(labels(ask(after))).toEqual(upTo(ALL).filter((label) => !gone(label)));
    expect(after.status.waiting).toEqual([]);
    await close(after);
    rmSync(copy, { recursive: true });
    await step();
  }
  expect(wentOn).toBeGreaterThan(2);
}, 120_000);

test('without its list of spaces the index finds them again, and builds nothing', async () => {
  rmSync(join(folder, 'index.bin'));
  const host = await open();
  expect(labels(ask(host))).toEqual(upTo(ALL));
  // It does not know yet what else there was.
  expect(ask(host).indexedTo.seq).toBe(0);
  expect(host.status.waiting).toEqual([]);
  await settle(host, ledger.reader());
  expect(ask(host).indexedTo.seq).toBe(HEAD);
  expect(labels(ask(host))).toEqual(upTo(ALL));
  expect(host.status.spaces[smallId]!.rows).toBe(20);
});

test('a space that is mostly holes is packed again while it answers, whole all the while', async () => {
  const host = await open();
  const many = Array.from({ length: 90 }, (_, i) => ledger.add(small, someRows(100, 100 + i)));
  while (await readOnce(host, ledger.reader()));
  for (const { firstLabel } of many) ledger.erase(firstLabel, 100);
  while (await readOnce(host, ledger.reader()));
  const expected = labels(ask(host, someRows(1, 9)[0]!, smallId));
  expect(expected).toHaveLength(20);
  await host.save();
  expect(host.status.waiting).toEqual([smallId]);
  while (host.status.waiting.length > 0) {
    const answer = ask(host, someRows(1, 9)[0]!, smallId);
    expect(labels(answer)).toEqual(expected);
    expect(answer.indexedTo).toEqual(host.reached(host.durable()));
    expect(answer.indexedTo.seq).toBe(ledger.head.seq);
    await turn(host, ledger.reader());
  }
  expect(labels(ask(host, someRows(1, 9)[0]!, smallId))).toEqual(expected);
});
