import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { contentOf, CosmicError, portableChecks, type Embedder } from '@cosmicembeddings/sdk';
import { createLexicalEmbedder } from '@cosmicembeddings/sdk/embedders';
import { identityOf } from '../../src/keys/author.js';
import { collectInputs } from '../../src/publish/inputs.js';
import { openJournal, type Intent } from '../../src/publish/journal.js';
import { openOutbox } from '../../src/publish/outbox.js';
import { publishAll, type Job } from '../../src/publish/publish.js';
import { openText } from '../../src/publish/read-text.js';
import type { PublishReport } from '../../src/publish/report.js';
import { memoryNode } from './memory-node.ts';

const identity = identityOf(new Uint8Array(32).fill(7), 'dev');
const lexical = createLexicalEmbedder();
const chapter = (n: number): string => `# Chapter ${n}\n\n${`The heron ${n} stands. `.repeat(25)}\n\n`;
const book = (chapters: number): string => Array.from({ length: chapters }, (_, n) => chapter(n)).join('');

let base: string;
let clock = 1_790_000_000_000;
let node: ReturnType<typeof memoryNode>;
const write = (text: string): void => writeFileSync(join(base, 'notes/book.md'), text);
const publish = (embedder: Embedder = lexical, tags = ['t'], said: Job['said'] = new Set()): Promise<PublishReport> => {
  const jobs = collectInputs([join(base, 'notes')]).inputs.map((input): Job => {
    const intent: Intent = {
      ...input,
      options: { tags, text: true, dtype: 'f32' },
      node: 'http://a:1',
      network: 'dev',
      author: identity.did,
      key: null,
      embedder: { type: 'builtin', name: 'lexical' },
    };
    return { intent, said };
  });
  return publishAll(jobs, {
    client: node.client,
    node: 'did:a',
    identity,
    embedder,
    journal: openJournal(join(base, 'home')),
    outbox: openOutbox(join(base, 'home')),
    now: () => (clock += 1000),
    partCharacters: 600,
  });
};
const pending = (): number => openJournal(join(base, 'home')).pending().length;
const failing = (word: string, code: 'embedder.bad_answer' | 'embedder.unavailable'): Embedder => ({
  space: lexical.space,
  embed: (texts, how) =>
    texts.some((text) => text.includes(word))
      ? Promise.reject(new CosmicError(code, 'its own words'))
      : lexical.embed(texts, how),
});

beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), 'cosmic-parts-'));
  mkdirSync(join(base, 'notes'));
  node = memoryNode();
  write(book(12));
});
afterEach(() => rmSync(base, { recursive: true, force: true }));

test('each part is a document: all of the file is there, and a part that did not change is left alone', async () => {
  const report = await publish();
  expect(report).toMatchObject({ documents: 12, published: 12, gone: [], skipped: [], parts: [{ parts: 12 }] });
  const checks = portableChecks('dev');
  const passages = [...node.state.kept.values()].flatMap((block) => contentOf(block, checks.registry).passages);
  expect(passages.map((passage) => passage?.heading)).toEqual(Array.from({ length: 12 }, (_, n) => `Chapter ${n}`));
  expect(passages.every((passage) => passage?.origin === 'notes/book.md')).toBe(true);
  expect(await publish()).toMatchObject({ published: 0, unchanged: 12 });
  write(book(12).replace('heron 11', 'stork 11'));
  expect(await publish()).toMatchObject({ published: 1, superseding: 1, unchanged: 11, gone: [] });
});

test('a file that grew says in its new parts what it said before; one that shrank names the parts that are gone', async () => {
  write(book(2));
  await publish(lexical, ['internal'], new Set(['tags']));
  write(book(4));
  const grown = await publish(lexical, []);
  expect(grown).toMatchObject({ published: 2, unchanged: 2 });
  expect(grown.ids.map((id) => node.state.kept.get(id)!.entry.tags)).toEqual([['internal'], ['internal']]);
  write(book(1));
  const shrunk = await publish();
  expect(shrunk.gone.map(({ path }) => path.slice(base.length))).toEqual(
    [2, 3, 4].map((part) => `/notes/book.md (part ${part})`),
  );
  expect(shrunk.gone.slice(1).flatMap(({ ids }) => ids)).toEqual(grown.ids);
});

test('a part that fails keeps the file pending until it is done, whatever becomes of the others', async () => {
  expect(await publish(failing('heron 1 ', 'embedder.bad_answer'))).toMatchObject({ published: 11 });
  expect(pending()).toBe(1);
  expect(await publish(failing('heron 1 ', 'embedder.bad_answer'))).toMatchObject({ published: 0, unchanged: 11 });
  expect(pending()).toBe(1);
  expect(await publish()).toMatchObject({ published: 1, unchanged: 11 });
  expect(pending()).toBe(0);
});

test('cut off in the middle of a file: it is pending, and the next call sends what is missing', async () => {
  write(book(80));
  node.state.cutAfter = 20;
  await expect(publish()).rejects.toMatchObject({ code: 'node.unreachable' });
  expect(pending()).toBe(1);
  node.state.cutAfter = Infinity;
  await publish();
  expect(node.state.kept.size).toBe(80);
  expect(pending()).toBe(0);
});

test.each([
  ['UTF-8', Buffer.from('\ufeff' + 'größer, 量子😀 '.repeat(60_000))],
  ['UTF-16', Buffer.from('\ufeff' + 'größer, 量子😀 '.repeat(60_000), 'utf16le')],
  ['Latin-1', Buffer.from('größer, schöner '.repeat(60_000), 'latin1')],
])('%s is known and read in chunks, wherever these end', (encoding, bytes) => {
  write('');
  writeFileSync(join(base, 'long.txt'), bytes);
  const opened = openText(join(base, 'long.txt'));
  expect(opened.encoding).toBe(encoding);
  const chunks = [...opened.chunks()];
  expect(chunks.length).toBeGreaterThan(2);
  const text = chunks.join('');
  expect(text === (encoding === 'Latin-1' ? 'größer, schöner ' : 'größer, 量子😀 ').repeat(60_000)).toBe(true);
});
