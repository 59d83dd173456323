import { appendFileSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { contentOf, CosmicError, portableChecks, type Embedder } from '@cosmicembeddings/sdk';
import type { NodeClient } from '@cosmicembeddings/sdk/api';
import { createLexicalEmbedder } from '@cosmicembeddings/sdk/embedders';
import { identityOf } from '../../src/keys/author.js';
import { collectInputs } from '../../src/publish/inputs.js';
import { openJournal, type Intent } from '../../src/publish/journal.js';
import { openOutbox } from '../../src/publish/outbox.js';
import { publishAll, type Job } from '../../src/publish/publish.js';
import type { PublishReport } from '../../src/publish/report.js';
import type { PublishOptions } from '../../src/publish/options.js';
import { memoryNode } from './memory-node.ts';

const checks = portableChecks('dev');
const identity = identityOf(new Uint8Array(32).fill(7), 'dev');
const lexicalConfig = { type: 'builtin', name: 'lexical' } as const;

let folder: string;
let home: string;
let clock = 1_790_000_000_000;
const options: PublishOptions = { tags: ['t'], text: true, dtype: 'f32' };
const everything: Job['said'] = new Set(['tags', 'language', 'text', 'dtype'] as const);
const write = (name: string, text: string): void => {
  mkdirSync(join(folder, name, '..'), { recursive: true });
  writeFileSync(join(folder, name), text);
};
const jobs = (given: PublishOptions = options, said: Job['said'] = everything): Job[] =>
  collectInputs([folder]).inputs.map((input): Job => {
    const intent: Intent = {
      ...input,
      options: given,
      node: 'http://a:1',
      network: 'dev',
      author: identity.did,
      key: null,
      embedder: lexicalConfig,
    };
    return { intent, said };
  });
const publish = (
  client: NodeClient,
  embedder: Embedder = createLexicalEmbedder(),
  given: PublishOptions = options,
  said: Job['said'] = everything,
): Promise<PublishReport> =>
  publishAll(jobs(given, said), {
    client,
    node: 'did:a',
    identity,
    embedder,
    journal: openJournal(home),
    outbox: openOutbox(home),
    now: () => (clock += 1000),
  });

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
  expect(statSync(join(home, 'publications.jsonl')).mode & 0o077).toBe(0);
});

test('a document in another language than the embedder’s is named with the advice which to take; no other is', async () => {
  write('deep/de.txt', 'Das Brot wird nicht hart, wenn es in einem Tuch liegt und die Luft nicht zu trocken ist.');
  write('deep/zh.txt', '面包放在布里就不会变硬，空气也不要太干。');
  const { client } = memoryNode();
  const lexical = createLexicalEmbedder();
  const as = (model: string): Embedder => ({ ...lexical, space: { ...lexical.space, model } });
  const report = await publish(client, as('builtin/english-1'));
  expect(report.foreign.map(({ path, language }) => [path.slice(folder.length + 1), language])).toEqual([
    ['deep/de.txt', 'German'],
    ['deep/zh.txt', 'Chinese'],
  ]);
  expect(report.foreign[0]!.advice).toMatch(/builtin\/english-1 knows English alone.*multilingual-e5-small/);
  expect((await publish(memoryNode().client, as('intfloat/multilingual-e5-small'))).foreign).toEqual([]);
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
  expect(await publish(client)).toMatchObject({ published: 0, unchanged: 2 });
  expect(state.kept.size).toBe(2);
  appendFileSync(join(home, 'publications.jsonl'), '{"event":"torn');
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
    ['mostly bytes over 127 that are no UTF-8', 'old.txt', Buffer.from([0xc0, 0xe1, 0xf2, 0x20, 0xe9]), 'input.binary'],
    ['PDF', 'x.txt', Buffer.from('%PDF-1.4 text'), 'input.unsupported'],
    ['HTML', 'page.txt', Buffer.from('<!DOCTYPE html><p>text'), 'input.unsupported'],
    ['a table', 'x.csv', Buffer.from('a,b\n1,2\n'), 'input.unsupported'],
  ])('%s that is named is refused before anything is sent', (_, name, bytes, code) => {
    if (bytes !== undefined) writeFileSync(join(folder, name), bytes);
    expect(() => collectInputs([folder, join(folder, name)])).toThrow(expect.objectContaining({ code }));
  });

  test('inside a folder it is left out with its reason', async () => {
    writeFileSync(join(folder, 'x.txt'), Buffer.from([0xff, 0xfe, 0, 1, 7]));
    expect(await publish(memoryNode().client)).toMatchObject({
      published: 2,
      skipped: [{ path: join(folder, 'x.txt'), reason: expect.stringMatching(/^input\.binary: /) }],
    });
  });

  test('a folder without any text is refused', () => {
    mkdirSync(join(folder, 'empty'));
    writeFileSync(join(folder, 'empty', 'x.png'), 'x');
    expect(() => collectInputs([join(folder, 'empty')])).toThrow(expect.objectContaining({ code: 'input.empty' }));
  });
});

describe('running a call twice, at once or after a crash, equals running it once', () => {
  test('two calls at once of one home: each document once', async () => {
    for (let i = 0; i < 40; i++) write(`n${i}.md`, `Note ${i} about topic ${i}.`);
    const { client, state } = memoryNode();
    await Promise.all([publish(client), publish(client), publish(client)]);
    expect(state.kept.size).toBe(42);
    expect(await publish(client)).toMatchObject({ published: 0, unchanged: 42 });
  });

  test('an embedder that never answers twice the same changes nothing about that', async () => {
    let calls = 0;
    const lexical = createLexicalEmbedder();
    const noisy: Embedder = {
      space: lexical.space,
      embed: async (texts, how) => {
        await new Promise((resolve) => setImmediate(resolve));
        return lexical.embed(
          texts.map((text) => `${text} ${calls++}`),
          how,
        );
      },
    };
    const { client, state } = memoryNode();
    await Promise.all([publish(client, noisy), publish(client, noisy)]);
    expect(state.kept.size).toBe(2);
    const other = memoryNode();
    other.state.cutAfter = 0;
    rmSync(home, { recursive: true });
    await expect(publish(other.client, noisy)).rejects.toMatchObject({ code: 'node.unreachable' });
    other.state.cutAfter = Infinity;
    await publish(other.client, noisy);
    expect(other.state.kept.size).toBe(2);
  });

  test('a lost journal: what stands on the node is known again, by what it says', async () => {
    const { client, state } = memoryNode();
    await publish(client);
    rmSync(home, { recursive: true });
    expect(await publish(client)).toMatchObject({ published: 0, unchanged: 2 });
    expect(state.kept.size).toBe(2);
    write('a.md', '# Alpha\n\nOther words.');
    expect(await publish(client)).toMatchObject({ published: 1, superseding: 1, unchanged: 1 });
  });

  describe('a lost journal and another call', () => {
    const forgetful: PublishOptions = { tags: [], text: true, dtype: 'f32' };
    const lost = async (): Promise<Awaited<ReturnType<typeof start>>> => {
      const begun = await start();
      rmSync(home, { recursive: true });
      return begun;
    };
    const start = async () => {
      const { client, state } = memoryNode();
      const first = await publish(client, undefined, { ...options, tags: ['internal'], language: 'en', dtype: 'f16' });
      return { client, state, first };
    };
    const refsOf = (state: Awaited<ReturnType<typeof start>>['state'], ids: readonly string[]) =>
      ids.flatMap((id) => state.kept.get(id)!.entry.refs.map((ref) => ref.id));

    test('that forgets the tag: what stands keeps its tags, and is named as taken over', async () => {
      const { client, state } = await lost();
      const report = await publish(client, undefined, forgetful, new Set());
      expect(report).toMatchObject({ published: 0, unchanged: 2, adopted: 2, kept: 2, namesakes: [] });
      expect(state.kept.size).toBe(2);
      expect(await publish(client, undefined, forgetful, new Set())).toMatchObject({ unchanged: 2, adopted: 0 });
    });

    test('that says other tags: the new blocks supersede the old ones', async () => {
      const { client, state, first } = await lost();
      const report = await publish(client);
      expect(report).toMatchObject({ published: 2, superseding: 2, adopted: 0 });
      expect(refsOf(state, report.ids).sort()).toEqual([...first.ids].sort());
    });

    test('that names one file first: the others are known again all the same', async () => {
      const { client, state } = await lost();
      const all = jobs(forgetful, new Set());
      const one = all.filter(({ intent }) => intent.path.endsWith('a.md'));
      const means = { client, node: 'did:a', identity, embedder: createLexicalEmbedder(), now: () => (clock += 1000) };
      const again = (some: Job[]) =>
        publishAll(some, { ...means, journal: openJournal(home), outbox: openOutbox(home) });
      expect(await again(one)).toMatchObject({ unchanged: 1, adopted: 1 });
      expect(await again(all)).toMatchObject({ unchanged: 2, adopted: 1 });
      expect(state.kept.size).toBe(2);
    });

    test('that names a file by itself, not by its folder: it is known by its words, and keeps its origin', async () => {
      const { client, state } = await lost();
      const [one] = jobs(forgetful, new Set());
      const alone = { ...one!, intent: { ...one!.intent, origin: 'a.md' } };
      const report = await publishAll([alone], {
        client,
        node: 'did:a',
        identity,
        embedder: createLexicalEmbedder(),
        journal: openJournal(home),
        outbox: openOutbox(home),
        now: () => (clock += 1000),
      });
      expect(report).toMatchObject({ published: 0, unchanged: 1, adopted: 1, kept: 1 });
      expect(state.kept.size).toBe(2);
    });

    test('after the text was changed: it is published, and the other words of that name are told of', async () => {
      const { client, state, first } = await lost();
      write('a.md', '# Alpha\n\nOther words.');
      const report = await publish(client, undefined, forgetful, new Set());
      expect(report).toMatchObject({ published: 1, superseding: 0, unchanged: 1, adopted: 1 });
      expect(report.namesakes).toEqual([{ path: join(folder, 'a.md'), ids: [first.ids[0]] }]);
      expect(state.kept.size).toBe(3);
    });

    test('after both were withdrawn: they are published again', async () => {
      const { client, state, first } = await lost();
      for (const id of first.ids) state.retracted.add(id);
      expect(await publish(client, undefined, forgetful, new Set())).toMatchObject({ published: 2, superseding: 0 });
    });

    test('after what stands twice by an older fault: one call heals it', async () => {
      const { client, state, first } = await start();
      const other = join(home, '..', 'other');
      const means = { client, node: 'did:a', identity, embedder: createLexicalEmbedder(), now: () => (clock += 1000) };
      // As if nobody had asked the node.
      const blind = { ...client, find: () => Promise.resolve({ ids: [] }) } as NodeClient;
      const doubled = await publishAll(jobs(), {
        ...means,
        client: blind,
        journal: openJournal(other),
        outbox: openOutbox(other),
      });
      expect(doubled).toMatchObject({ published: 2, superseding: 0 });
      rmSync(home, { recursive: true });
      const report = await publish(client, undefined, forgetful, new Set());
      expect(report).toMatchObject({ published: 2, superseding: 2 });
      expect(refsOf(state, report.ids).sort()).toEqual([...first.ids, ...doubled.ids].sort());
      expect(report.ids.every((id) => state.kept.get(id)!.entry.tags.join() === 't')).toBe(true);
    });
  });

  test('two calls at once with other tags: one of them stands, as if one had come after the other', async () => {
    const standing = (state: ReturnType<typeof memoryNode>['state']) => {
      const over = new Set([...state.kept.values()].flatMap(({ entry }) => entry.refs.map(({ id }) => id)));
      return [...state.kept]
        .filter(([id, { entry }]) => entry.kind === 'embedding/1' && !over.has(id))
        .map(([, { entry }]) => entry.tags.join());
    };
    for (let i = 0; i < 4; i++) write(`n${i}.md`, `Note ${i} about topic ${i}.`);
    const { client, state } = memoryNode();
    const calls = ['x', 'y', 'z'].map((tag) => publish(client, undefined, { ...options, tags: [tag] }));
    for (const report of await Promise.all(calls))
      expect(report.published + report.unchanged + report.pending.length).toBe(6);
    expect(standing(state)).toHaveLength(6);
    const silent = await publish(client, undefined, { ...options, tags: [] }, new Set());
    expect(silent).toMatchObject({ published: 0, unchanged: 6 });
  });

  test('cut off, then changed: the new version supersedes what the node had kept of the old one', async () => {
    const { client, state } = memoryNode();
    state.cutAfter = 0;
    await expect(publish(client)).rejects.toMatchObject({ code: 'node.unreachable' });
    expect(openJournal(home).pending()).toHaveLength(2);
    state.cutAfter = Infinity;
    write('a.md', '# Alpha\n\nStars, but dimmer.');
    expect(await publish(client)).toMatchObject({ published: 1, superseding: 1, unchanged: 1 });
    expect(openJournal(home).pending()).toEqual([]);
    expect(openOutbox(home).all()).toEqual([]);
  });
});

describe('what an author meant', () => {
  test('a version that comes back is published again and supersedes the one between', async () => {
    const { client, state } = memoryNode();
    await publish(client);
    write('a.md', '# Alpha\n\nStars, changed.');
    const between = await publish(client);
    write('a.md', '# Alpha\n\nStars above the desert are bright.');
    const back = await publish(client);
    expect(back).toMatchObject({ published: 1, superseding: 1, unchanged: 1 });
    expect(state.kept.get(back.ids[0]!)!.entry.refs).toEqual([{ rel: 'supersedes', id: between.ids[0] }]);
  });

  test.each(['here', 'elsewhere'])('retracted %s, then published again: a new block', async (where) => {
    const { client, state } = memoryNode();
    const first = await publish(client);
    if (where === 'here') openJournal(home).add([{ event: 'retracted', ids: [first.ids[0]!] }]);
    else state.retracted.add(first.ids[0]!);
    const again = await publish(client);
    expect(again).toMatchObject({ published: 1, republished: 1, unchanged: 1, superseding: 0 });
    expect(first.ids).not.toContain(again.ids[0]);
    expect(await publish(client)).toMatchObject({ published: 0, unchanged: 2 });
  });

  test('tags, form and language that a call does not name stay as they were', async () => {
    const { client, state } = memoryNode();
    const hidden: PublishOptions = { tags: ['internal'], text: false, dtype: 'f16', language: 'en' };
    await publish(client, undefined, hidden);
    const plain: PublishOptions = { tags: [], text: true, dtype: 'f32' };
    expect(await publish(client, undefined, plain, new Set())).toMatchObject({ published: 0, unchanged: 2, kept: 2 });
    write('a.md', '# Alpha\n\nA secret.');
    const changed = await publish(client, undefined, plain, new Set());
    const block = state.kept.get(changed.ids[0]!)!;
    expect(block.entry.tags).toEqual(['internal']);
    expect(Buffer.from(block.body!).includes('secret')).toBe(false);
    expect(await publish(client, undefined, plain, everything)).toMatchObject({ published: 2, superseding: 2 });
  });

  test('a file that was emptied is as good as gone, one that cannot be read any more is named with what still answers', async () => {
    const { client } = memoryNode();
    const { ids } = await publish(client);
    write('a.md', '');
    write('deep/b.txt', 'a\0b\0\0');
    const report = await publish(client);
    expect(report).toMatchObject({ unchanged: 0, published: 0, gone: [{ path: join(folder, 'a.md'), ids: [ids[0]] }] });
    expect(report.skipped.map(({ reason }) => reason)).toEqual([
      expect.stringContaining(`input.empty: notes/a.md; what was published of it still answers: ${ids[0]}`),
      expect.stringContaining(`still answers: ${ids[1]}`),
    ]);
  });

  test('published from the folder, then by its own name: the origin stays, nothing is signed again', async () => {
    const { client } = memoryNode();
    await publish(client);
    const [one] = jobs();
    const alone = { ...one!, intent: { ...one!.intent, origin: 'a.md' } };
    const report = await publishAll([alone], {
      client,
      node: 'did:a',
      identity,
      embedder: createLexicalEmbedder(),
      journal: openJournal(home),
      outbox: openOutbox(home),
      now: () => (clock += 1000),
    });
    expect(report).toMatchObject({ published: 0, unchanged: 1, kept: 1 });
  });

  test('one document that the embedder refuses is pending alone; one too slow for it likewise', async () => {
    write('poison.md', 'A poisonous text.');
    write('slow.md', 'A slow text.');
    const lexical = createLexicalEmbedder();
    const picky: Embedder = {
      space: lexical.space,
      embed: (texts, how) =>
        texts.some((text) => text.includes('poison'))
          ? Promise.reject(new CosmicError('embedder.bad_answer', 'its own words'))
          : texts.some((text) => text.includes('slow'))
            ? Promise.reject(new CosmicError('embedder.unavailable', 'no answer within 60000 ms'))
            : lexical.embed(texts, how),
    };
    const { client } = memoryNode();
    expect(await publish(client, picky)).toMatchObject({
      published: 2,
      pending: [{ reason: expect.stringContaining('its own words') }, { reason: expect.stringContaining('60000 ms') }],
    });
    expect(openJournal(home).pending()).toHaveLength(2);
    expect(await publish(client)).toMatchObject({ published: 2, unchanged: 2 });
    expect(openJournal(home).pending()).toEqual([]);
  });

  test.each([
    ['UTF-16', Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from('caf\u00e9 noir', 'utf16le')])],
    ['Latin-1', Buffer.from('caf\u00e9 noir', 'latin1')],
    ['UTF-8', Buffer.from('\uFEFFcaf\u00e9 noir')],
  ])('%s is read and named', async (encoding, bytes) => {
    rmSync(folder, { recursive: true });
    mkdirSync(folder);
    writeFileSync(join(folder, 'x.txt'), bytes);
    const { client, state } = memoryNode();
    const report = await publish(client);
    expect(report.encodings.map((one) => one.encoding)).toEqual(encoding === 'UTF-8' ? [] : [encoding]);
    const [block] = state.kept.values();
    expect(contentOf(block!, checks.registry).passages).toEqual([{ text: 'caf\u00e9 noir', origin: 'notes/x.txt' }]);
  });
});
