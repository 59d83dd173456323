import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { createLexicalEmbedder } from '@cosmicembeddings/sdk/embedders';
import { identityOf } from '../../src/keys/author.js';
import { publishInputs, type Means } from '../../src/publish/call.js';
import { collectInputs } from '../../src/publish/inputs.js';
import type { PublishReport } from '../../src/publish/report.js';
import type { Settings } from '../../src/settings.js';
import { memoryNode } from './memory-node.ts';

let base: string;
let clock = 1_790_000_000_000;
let node: ReturnType<typeof memoryNode>;
const file = (name: string): string => join(base, 'notes', name);
const publish = (retractGone = false): Promise<PublishReport> => {
  const means: Means = {
    openIdentity: () => Promise.resolve(identityOf(new Uint8Array(32).fill(3), 'dev')),
    openEmbedder: () => Promise.resolve(createLexicalEmbedder()),
    openClient: () => node.client,
    now: () => (clock += 1000),
  };
  const settings = {
    home: join(base, 'home'),
    node: 'http://a:1',
    network: 'dev',
    keyFile: join(base, 'key'),
    embedder: { type: 'builtin', name: 'lexical' },
  } as unknown as Settings;
  const options = { tags: [], text: true, dtype: 'f32' as const };
  return publishInputs(
    collectInputs([join(base, 'notes')]),
    { options, said: new Set(), retractGone },
    settings,
    means,
  );
};

beforeEach(async () => {
  base = mkdtempSync(join(tmpdir(), 'cosmic-gone-'));
  mkdirSync(join(base, 'notes'));
  node = memoryNode();
  writeFileSync(file('prices.md'), 'The blue bicycle costs 54.');
  writeFileSync(file('hours.md'), 'Opening hours nine to five.');
  writeFileSync(file('stays.md'), 'This one stays.');
  await publish();
});
afterEach(() => rmSync(base, { recursive: true, force: true }));

test('a renamed file supersedes its old block, a deleted one is named as gone', async () => {
  const [old] = [...node.state.kept.values()].filter(({ body }) => Buffer.from(body!).includes('Opening'));
  renameSync(file('hours.md'), file('opening.md'));
  rmSync(file('prices.md'));
  const report = await publish();
  expect(report.moved).toMatchObject([{ from: file('hours.md'), to: file('opening.md'), ids: [old!.id] }]);
  expect(report.gone.map(({ path }) => path)).toEqual([file('prices.md')]);
  expect(report).toMatchObject({ published: 1, unchanged: 1, retracted: [] });
  expect(node.state.kept.get(report.ids[0]!)!.entry.refs).toEqual([{ rel: 'supersedes', id: old!.id }]);
});

test('what is gone is withdrawn when that is asked for, once', async () => {
  rmSync(file('prices.md'));
  const report = await publish(true);
  expect(report.retracted).toEqual(report.gone.flatMap(({ ids }) => ids));
  expect(report.retracted).toHaveLength(1);
  const retractions = [...node.state.kept.values()].filter(({ entry }) => entry.kind === 'retract/1');
  expect(retractions.map(({ entry }) => entry.refs)).toEqual([[{ rel: 'retracts', id: report.retracted[0] }]]);
  expect(await publish(true)).toMatchObject({ gone: [], retracted: [], unchanged: 2 });
});

test('a folder in the place of a file leaves the file gone', async () => {
  rmSync(file('prices.md'));
  mkdirSync(file('prices.md'));
  expect((await publish()).gone.map(({ path }) => path)).toEqual([file('prices.md')]);
});
