import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, expect, test } from '@jest/globals';
import {
  checkBlock,
  corePlugins,
  createBlock,
  createRegistry,
  embeddingKind,
  sha256,
  signerOfSeed,
  toUnit,
  utf8,
  type CheckedBlock,
  type Registry,
} from '@cosmicembeddings/sdk';
import { spaceIdOf } from '@cosmicembeddings/sdk/space';
import { embeddingOf, testSpace } from '@cosmicembeddings/sdk/testing';
import { startJudging } from '../../../src/index/kinds/index.js';
import { openVectors } from '../../../src/index/vectors/index.js';
import { fsck } from '../../../src/operate/fsck.js';
import { loadPlugins } from '../../../src/plugins.js';
import { openSqlite, storeFile, type SqliteParts } from '../../../src/store/sqlite/index.js';
import { checks, registry as core } from '../../store/signed-blocks.ts';

const home = mkdtempSync(join(tmpdir(), 'cosmic-judging-'));
afterAll(() => rmSync(home, { recursive: true, force: true }));

const KIND = 'gist.example/1';
const SPACE = testSpace('test/8', 8, { precision: 'fp32' });
const space = spaceIdOf(SPACE);
const sdk = new URL('../../../../sdk/dist/index.js', import.meta.url).href;
const withKind = createRegistry([
  ...corePlugins,
  { name: 'gist', kinds: [{ ...embeddingKind, name: KIND }], views: [] },
]);

let folder: string;
let plugin: string;
let folders = 0;
beforeEach(() => {
  folder = join(home, String(++folders));
  plugin = join(home, `gist-${folders}.mjs`);
});

/** Writes the plug-in: in this version it keeps `rows`, or none. */
function writePlugin(version: number, name = plugin): string {
  writeFileSync(
    name,
    `import { embeddingKind } from ${JSON.stringify(sdk)};
     export default { name: 'gist', views: [], kinds: [{ ...embeddingKind, name: '${KIND}', version: ${version},
       passages: (body) => embeddingKind.passages(body).map((one) => ({ ...one, text: one.text + ' version${version}' })),
     }] };`,
  );
  return name;
}

async function gist(number: number, registry: Registry): Promise<CheckedBlock> {
  const vector = toUnit(Float32Array.from({ length: 8 }, (_, i) => sha256(utf8(`${number} ${i}`))[0]! - 127.5));
  const { wire } = await createBlock(
    {
      kind: KIND,
      timeMs: Date.UTC(2026, 0, 1) + number * 1000,
      fields: embeddingOf(SPACE, [{ vector, text: `gist number${number}`, origin: 'x', language: 'en' }]),
    },
    {
      signer: signerOfSeed(sha256(utf8('author'))),
      network: 'dev',
      registry: withKind,
      sky: checks.sky as never,
      salt: () => sha256(utf8(`salt ${number}`)).slice(0, 16),
    },
  );
  const checked = checkBlock(wire, { ...checks, registry });
  if (checked.status === 'rejected') throw new Error(checked.detail);
  return checked;
}

interface Run {
  readonly parts: SqliteParts;
  readonly judged: boolean;
  found(word: string): Promise<number>;
  near(): Promise<readonly number[]>;
  close(): Promise<void>;
}

/** A node's store, indexes and judging, as `createNode` wires them. */
async function start(plugins: readonly string[]): Promise<Run> {
  const registry = createRegistry(await loadPlugins(plugins));
  const parts = await openSqlite({ folder, network: 'dev', node: 'did:key:zTest', plugins });
  const judging = await startJudging({
    judging: parts.judging,
    registry,
    stored: Object.keys((await parts.catalogue.counts()).kinds),
    head: await parts.store.head(),
    storePath: storeFile(folder),
    engine: parts.engine,
    plugins,
    onJudged: () => undefined,
    onError: (error) => {
      throw error;
    },
  });
  await judging?.waitFor(Number.MAX_SAFE_INTEGER, AbortSignal.timeout(15_000));
  const vectors = await openVectors({
    folder: join(folder, 'index'),
    engine: 'exact',
    reader: { folder, engine: parts.engine },
    plugins,
    guard: false,
  });
  const settle = async (): Promise<void> => {
    const head = await parts.store.head();
    parts.text.notify(head);
    vectors.notify(head);
    await Promise.all([vectors.waitFor(head.seq), parts.text.waitFor(head.seq)]);
  };
  return {
    parts,
    judged: judging !== undefined,
    found: async (word) => (await settle(), (await parts.text.search(word, 50)).length),
    near: async () => {
      await settle();
      return (await vectors.search(space, new Float32Array(8).fill(0.35), 50)).hits.map(({ label }) => label).sort();
    },
    close: async () => {
      await judging?.close();
      await vectors.close();
      await parts.close();
    },
  };
}

test('a plug-in that is switched on, upgraded and off again: its earlier blocks are found, found anew, and inert', async () => {
  const without = await start([]);
  const blocks = await Promise.all([1, 2, 3].map((number) => gist(number, core)));
  await without.parts.store.put(blocks.map((block) => ({ block, firstSeenMs: 7 })));
  expect([await without.found('gist'), await without.near()]).toEqual([0, []]);
  await without.close();

  const first = await start([writePlugin(1)]);
  expect(first.judged).toBe(true);
  expect([await first.found('gist'), await first.found('version1'), await first.near()]).toEqual([3, 3, [0, 1, 2]]);
  const stored = (await first.parts.store.get(blocks.map(({ id }) => id))).map((one) => one!);
  expect(stored.map(({ entry, firstSeenMs, seq }) => [entry.inert, entry.rows, firstSeenMs, seq])).toEqual([
    [undefined, 1, 7, 4],
    [undefined, 1, 7, 5],
    [undefined, 1, 7, 6],
  ]);
  expect(await first.parts.catalogue.labels({ kinds: [KIND] })).toEqual(Uint8Array.of(0b111));
  // What comes now is judged at the door, and an erasure stays one.
  await first.parts.store.put([{ block: await gist(4, withKind), firstSeenMs: 8 }]);
  await first.parts.store.erase([blocks[0]!.id], 'takedown');
  expect([await first.found('gist'), await first.near()]).toEqual([3, [1, 2, 3]]);
  await first.close();
  expect(
    (await fsck({ folder, engine: first.parts.engine, checks: { ...checks, registry: withKind } })).findings,
  ).toEqual([]);

  const again = await start([plugin]);
  expect(again.judged).toBe(false);
  await again.close();

  const upgraded = await start([writePlugin(2, join(home, 'gist-upgraded.mjs'))]);
  expect([await upgraded.found('version1'), await upgraded.found('version2')]).toEqual([0, 3]);
  expect(await upgraded.near()).toEqual([4, 5, 6]);
  expect(await upgraded.parts.catalogue.labels({ kinds: [KIND] })).toEqual(Uint8Array.of(0b1110000));
  await upgraded.close();

  const off = await start([]);
  expect([await off.found('gist'), await off.near()]).toEqual([0, []]);
  expect((await off.parts.store.get([blocks[1]!.id]))[0]!.entry).toMatchObject({
    rows: 0,
    inert: { code: 'kind.unknown' },
  });
  expect((await off.parts.catalogue.counts()).rows).toBe(0);
  expect((await off.parts.store.get([blocks[0]!.id]))[0]!.erased).toBe('takedown');
  await off.close();
  expect((await fsck({ folder, engine: off.parts.engine, checks })).findings).toEqual([]);
}, 120_000);
