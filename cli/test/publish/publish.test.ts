import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync, appendFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import {
  checkAny,
  contentOf,
  CosmicError,
  portableChecks,
  type Accepted,
  type CheckedBlock,
  type Embedder,
} from '@cosmicembeddings/sdk';
import type { NodeClient } from '@cosmicembeddings/sdk/api';
import { createLexicalEmbedder } from '@cosmicembeddings/sdk/embedders';
import { identityOf } from '../../src/keys/author.js';
import { collectInputs } from '../../src/publish/inputs.js';
import { openJournal } from '../../src/publish/journal.js';
import { publishAll, type Job, type PublishReport } from '../../src/publish/publish.js';
import type { PublishOptions } from '../../src/publish/document.js';

const checks = portableChecks('dev');
const identity = identityOf(new Uint8Array(32).fill(7), 'dev');

/** Judges like a node and keeps in memory; `fail` loses the connection after keeping. */
function memoryNode() {
  const kept = new Map<string, CheckedBlock>();
  const state = { kept, cutAfter: Infinity, calls: 0 };
  const client = {
    has: async (id: string) => kept.has(id),
    publish: async (wires: readonly Uint8Array[]): Promise<Accepted[]> => {
      state.calls++;
      const answers = wires.map((wire): Accepted => {
        const checked = checkAny(wire, checks);
        if (checked.status === 'rejected') return checked;
        const known = kept.has(checked.id);
        kept.set(checked.id, checked);
        return { status: known ? 'known' : 'stored', id: checked.id, seq: kept.size };
      });
      if (kept.size > state.cutAfter) throw new CosmicError('node.unreachable', 'cut off');
      return answers;
    },
  } as unknown as NodeClient;
  return { client, state };
}

let folder: string;
let home: string;
let clock = 1_790_000_000_000;
const options: PublishOptions = { tags: ['t'], text: true, dtype: 'f32' };
const write = (name: string, text: string): void => {
  mkdirSync(join(folder, name, '..'), { recursive: true });
  writeFileSync(join(folder, name), text);
};
const publish = (
  client: NodeClient,
  embedder: Embedder = createLexicalEmbedder(),
  given: PublishOptions = options,
): Promise<PublishReport> =>
  publishAll(
    collectInputs([folder]).inputs.map((input): Job => ({ ...input, options: given })),
    { client, identity, embedder, journal: openJournal(home), now: () => (clock += 1000) },
  );

beforeEach(() => {
  const base = mkdtempSync(join(tmpdir(), 'cosmic-publish-'));
  folder = join(base, 'notes');
  home = join(base, 'home');
  mkdirSync(folder);
  write('a.md', '# Alpha\n\nStars above the desert are bright.');
  write('deep/b.txt', 'The second document speaks of rivers.');
});
afterEach(() => rmSync(join(folder, '..'), { recursive: true, force: true }));

test('one block a document, one row a passage, with text, hash, origin and heading', async () => {
  const { client, state } = memoryNode();
  const report = await publish(client);
  expect(report).toMatchObject({
    documents: 2,
    published: 2,
    unchanged: 0,
    blocks: 2,
    vectors: 2,
    refused: [],
    pending: [],
  });
  const passages = [...state.kept.values()].flatMap((block) => contentOf(block, checks.registry).passages);
  expect(passages).toEqual([
    { text: 'Stars above the desert are bright.', origin: 'notes/a.md', heading: 'Alpha' },
    { text: 'The second document speaks of rivers.', origin: 'notes/deep/b.txt' },
  ]);
  expect(statSync(join(home, 'published.jsonl')).mode & 0o077).toBe(0);
});

test('a folder published twice does not double', async () => {
  const { client, state } = memoryNode();
  await publish(client);
  expect(await publish(client)).toMatchObject({ published: 0, unchanged: 2, blocks: 0 });
  expect(state.kept.size).toBe(2);
});

test('a changed document supersedes its old block, the others are left alone', async () => {
  const { client, state } = memoryNode();
  const before = await publish(client);
  write('a.md', '# Alpha\n\nStars above the desert are very bright.');
  const report = await publish(client);
  expect(report).toMatchObject({ published: 1, unchanged: 1, superseding: 1 });
  expect(state.kept.get(report.ids[0]!)!.entry.refs).toEqual([{ rel: 'supersedes', id: before.ids[0] }]);
  expect(await publish(client)).toMatchObject({ published: 0, unchanged: 2 });
});

test('cut off after the node kept the blocks: the next call offers the very same ones', async () => {
  const { client, state } = memoryNode();
  state.cutAfter = 0;
  await expect(publish(client)).rejects.toMatchObject({ code: 'node.unreachable' });
  expect(state.kept.size).toBe(2);
  state.cutAfter = Infinity;
  expect(await publish(client)).toMatchObject({ published: 2 });
  expect(state.kept.size).toBe(2);
  appendFileSync(join(home, 'published.jsonl'), '{"input":"torn');
  expect(await publish(client)).toMatchObject({ published: 0, unchanged: 2 });
});

test('a node that lost everything gets the same blocks again', async () => {
  const first = await publish(memoryNode().client);
  const { client, state } = memoryNode();
  expect((await publish(client)).ids).toEqual(first.ids);
  expect(state.kept.size).toBe(2);
});

test('when the embedder fails the documents are pending, and the next call publishes them', async () => {
  const { client, state } = memoryNode();
  const broken: Embedder = {
    space: createLexicalEmbedder().space,
    embed: () => Promise.reject(new CosmicError('embedder.unavailable', 'down')),
  };
  const report = await publish(client, broken);
  expect(report).toMatchObject({ published: 0, blocks: 0 });
  expect(report.pending.map(({ reason }) => reason)).toEqual([
    'embedder.unavailable: down',
    'embedder.unavailable: down',
  ]);
  expect(openJournal(home).pending()).toHaveLength(2);
  expect(state.calls).toBe(0);
  expect(await publish(client)).toMatchObject({ published: 2 });
  expect(openJournal(home).pending()).toEqual([]);
});

test('passages that the model knows nothing of are left out, the others published', async () => {
  const lexical = createLexicalEmbedder();
  const picky: Embedder = {
    space: lexical.space,
    embed: (texts, how) =>
      texts.some((text) => text.includes('rivers'))
        ? Promise.reject(new CosmicError('input.empty', 'no token'))
        : lexical.embed(texts, how),
  };
  expect(await publish(memoryNode().client, picky)).toMatchObject({
    published: 1,
    skipped: [{ reason: 'input.empty' }],
  });
});

test('--no-text publishes hashes of the passages and not a word of them', async () => {
  const { client, state } = memoryNode();
  await publish(client, undefined, { ...options, text: false });
  const [block] = state.kept.values();
  expect(contentOf(block!, checks.registry).passages).toEqual([undefined]);
  expect(Buffer.from(block!.body!).includes('desert')).toBe(false);
});

test('a book of 1,500 passages becomes several blocks, each within its limits', async () => {
  rmSync(folder, { recursive: true });
  mkdirSync(folder);
  write(
    'book.txt',
    Array.from({ length: 1500 }, (_, i) => Array.from({ length: 60 }, (_, j) => `word${i}x${j}`).join(' ')).join(
      '\n\n',
    ),
  );
  const { client, state } = memoryNode();
  const report = await publish(client);
  expect(report).toMatchObject({ published: 1, vectors: 1500, refused: [] });
  expect(state.kept.size).toBeGreaterThan(1);
  expect(await publish(client)).toMatchObject({ unchanged: 1 });
});

describe('what is no text', () => {
  test.each([
    ['a missing file', 'nowhere.md', undefined, 'input.not_found'],
    ['an empty file', 'empty.md', Buffer.alloc(0), 'input.empty'],
    ['a file of spaces', 'blank.md', Buffer.from(' \n\n'), 'input.empty'],
    ['bytes with NUL', 'nul.md', Buffer.from('a\0b'), 'input.binary'],
    ['no UTF-8', 'latin.txt', Buffer.from([0x63, 0x61, 0x66, 0xe9]), 'input.binary'],
  ])('%s that is named is refused before anything is sent', (_, name, bytes, code) => {
    if (bytes !== undefined) writeFileSync(join(folder, name), bytes);
    expect(() => collectInputs([folder, join(folder, name)])).toThrow(expect.objectContaining({ code }));
  });

  test('inside a folder it is left out with its reason', async () => {
    writeFileSync(join(folder, 'x.txt'), Buffer.from([0xff, 0xfe, 0, 1]));
    expect(await publish(memoryNode().client)).toMatchObject({
      published: 2,
      skipped: [{ path: join(folder, 'x.txt'), reason: 'input.binary' }],
    });
  });

  test('a folder without any text is refused', () => {
    mkdirSync(join(folder, 'empty'));
    writeFileSync(join(folder, 'empty', 'x.png'), 'x');
    expect(() => collectInputs([join(folder, 'empty')])).toThrow(expect.objectContaining({ code: 'input.empty' }));
  });
});
