import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from '@jest/globals';
import { sha256, utf8 } from '@cosmicembeddings/sdk';
import { testSpace, unsignedBlock } from '@cosmicembeddings/sdk/testing';
import { eraseAndProve, erasuresOf } from '../../../src/operate/erasure/index.js';
import { planRetention } from '../../../src/operate/retention.js';
import { loadableEngines } from '../../../src/store/sqlite/driver.js';
import { openSqlite, storeFile } from '../../../src/store/sqlite/index.js';
import { openUpkeep } from '../../../src/store/sqlite/upkeep.js';

const folder = mkdtempSync(join(tmpdir(), 'cosmic-many-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** As many as once were too many arguments of one call (3,208), and more than one page of what is kept. */
const COUNT = 4_500;
const KEPT = 500;
const DIMS = 4;
const space = testSpace('test/many', DIMS);
const identity = { folder, network: 'dev', node: 'did:key:zMany' };

function blockAt(number: number) {
  const noise = sha256(utf8(`row ${number}`));
  const vector = Float32Array.from({ length: DIMS }, (_, i) => noise[i]! - 127.5);
  return unsignedBlock({
    number,
    space,
    author: `did:key:zAuthor${number % 7}`,
    tags: number % 2 === 0 ? ['even'] : [],
    rows: [{ vector, text: `word${number}`, origin: `many/${number}.md` }],
  });
}

test('what the rules of retention give up is planned page by page, erased and proven, however many bodies there are', async () => {
  const blocks = Array.from({ length: COUNT }, (_, number) => blockAt(number));
  const parts = await openSqlite(identity);
  try {
    // The order in which they came is not that of their numbers.
    const arrivals = blocks.map((block, i) => ({ block, firstSeenMs: 1_000 + ((i * 7) % COUNT) }));
    for (let at = 0; at < COUNT; at += 500) await parts.store.put(arrivals.slice(at, at + 500));
    await parts.text.catchUp(Date.now() + 60_000);
  } finally {
    await parts.close();
  }
  const upkeep = openUpkeep(storeFile(folder), loadableEngines()[0]!);
  try {
    const seen = [...upkeep.keptBlocks()].map(({ firstSeenMs }) => firstSeenMs);
    expect(seen).toEqual(Array.from({ length: COUNT }, (_, i) => 1_000 + COUNT - 1 - i));
    expect([...upkeep.keptBlocks({ tag: 'even' })]).toHaveLength(COUNT / 2);
    expect([...upkeep.keptBlocks({ author: 'did:key:zAuthor3', tag: 'even' })].map((one) => one.id()).sort()).toEqual(
      blocks.flatMap(({ id }, i) => (i % 14 === 10 ? [id] : [])).sort(),
    );
    const { erase } = planRetention(upkeep, { maxAgeMs: KEPT - 1 }, 1_000 + COUNT - 1);
    expect(erase).toHaveLength(COUNT - KEPT);
    const report = await eraseAndProve(
      identity,
      erase.flatMap(({ id, reason }) => erasuresOf([id], reason)),
    );
    expect(report).toMatchObject({ erased: COUNT - KEPT, traces: [] });
    const gone = new Set(erase.map(({ id }) => id));
    const bytes = readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => readFileSync(join(entry.parentPath, entry.name)));
    const found = (number: number): boolean => bytes.some((file) => file.includes(`many/${number}.md`));
    const numbers = [0, 1, 2, 999, 2_000, 3_207, 3_208, COUNT - 2, COUNT - 1];
    expect(numbers.map(found)).toEqual(numbers.map((number) => !gone.has(blocks[number]!.id)));
  } finally {
    upkeep.close();
  }
}, 120_000);
