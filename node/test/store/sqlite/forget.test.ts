import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from '@jest/globals';
import { checkAny, utf8, type BlockStore, type CheckedBlock } from '@cosmicembeddings/sdk';
import { createMemoryStore } from '@cosmicembeddings/sdk/memory';
import { BlockBuilder, dumps, Signer } from '@cosmicembeddings/sdk/python';
import { createLexicalEmbedder } from '@cosmicembeddings/sdk/embedders';
import { sha256 } from '@cosmicembeddings/sdk';
import { loadableEngines, openDatabase } from '../../../src/store/sqlite/driver.js';
import { openSqlite, storeFile, type SqliteEngine, type SqliteParts } from '../../../src/store/sqlite/index.js';
import { fsck } from '../../../src/operate/fsck.js';
import { secretBlock } from '../secret-blocks.ts';
import { checks, signedBlock } from '../signed-blocks.ts';

const home = mkdtempSync(join(tmpdir(), 'cosmic-forget-'));
afterAll(() => rmSync(home, { recursive: true, force: true }));
let folders = 0;
const engine = loadableEngines()[0]!;
const open = (folder: string, engine?: SqliteEngine): Promise<SqliteParts> =>
  openSqlite({ folder, network: 'dev', node: 'did:key:zForget', ...(engine === undefined ? {} : { engine }) });
/** The text index forgets as well before the folder is judged. */
async function closed(parts: SqliteParts): Promise<void> {
  parts.text.notify(await parts.store.head());
  await parts.text.catchUp(Date.now() + 20_000);
  await parts.close();
}
const putAll = (store: BlockStore, blocks: readonly CheckedBlock[]): ReturnType<BlockStore['put']> =>
  store.put(blocks.map((block) => ({ block, firstSeenMs: 1 })));

describe('what a body alone brought leaves the catalogue with it', () => {
  const namesIn = (folder: string): { names: string[]; spaces: string } => {
    const database = openDatabase(engine, storeFile(folder), { readOnly: true });
    const names = database
      .prepare('SELECT name FROM names ORDER BY id')
      .all()
      .map(({ name }) => String(name));
    const spaces = database
      .prepare('SELECT descriptor FROM spaces')
      .all()
      .map(({ descriptor }) => String(descriptor));
    database.close();
    return { names, spaces: spaces.join('\n') };
  };

  test('names of tags, relations and spaces go unless another block has them, and numbers are never given twice', async () => {
    const folder = join(home, String(++folders));
    const parts = await open(folder);
    const other = await signedBlock(1, undefined, ['shared']);
    const links = [
      { rel: 'whispers', id: other.id },
      { rel: 'whispers', id: other.id },
      { rel: 'cites', id: other.id },
    ];
    const secret = await secretBlock({ tags: ['xyzzy', 'shared'], links });
    const citing = await secretBlock({ salt: '2', model: 'test/64', links: [{ rel: 'cites', id: other.id }] });
    await putAll(parts.store, [other, citing, secret]);
    const before = namesIn(folder);
    expect(before.names).toEqual(expect.arrayContaining(['xyzzy', 'whispers', secret.entry.space!]));
    expect(before.spaces).toContain('secret/model-of-one');
    await parts.store.erase([secret.id], 'takedown');
    const after = namesIn(folder);
    expect(after.names).toEqual(expect.arrayContaining(['shared', 'cites', other.entry.space!]));
    expect(before.names.filter((name) => !after.names.includes(name)).sort()).toEqual(
      ['xyzzy', 'whispers', secret.entry.space!].sort(),
    );
    expect(after.spaces).not.toContain('secret/');
    // A reader that remembers an old number must not see a new name under it.
    const next = await signedBlock(2, undefined, ['afterwards']);
    await putAll(parts.store, [next]);
    expect((await parts.store.get([other.id, next.id])).map((block) => block!.entry.tags)).toEqual([
      ['shared'],
      ['afterwards'],
    ]);
    await parts.close();
    const again = await open(folder);
    await again.store.erase([next.id], 'takedown');
    await again.close();
    const third = await open(folder);
    await putAll(third.store, [await signedBlock(3, undefined, ['third'])]);
    await closed(third);
    const database = openDatabase(engine, storeFile(folder), { readOnly: true });
    const ids = database.prepare(`SELECT id FROM names WHERE name IN ('afterwards', 'third')`).all();
    const highest = database.prepare(`SELECT value FROM meta WHERE name = 'names'`).get()!['value'];
    database.close();
    expect(ids.map(({ id }) => Number(id) > Number(highest))).toEqual([true]);
    expect((await fsck({ folder, checks })).findings).toEqual([]);
  });

  test('a body that completes a header, and is erased, leaves no count behind', async () => {
    const folder = join(home, String(++folders));
    const parts = await open(folder);
    const [bare, whole] = await Promise.all([
      secretBlock({ tags: ['plugh'], headerOnly: true }),
      secretBlock({ tags: ['plugh'] }),
    ]);
    await putAll(parts.store, [bare!]);
    await putAll(parts.store, [whole!]);
    expect(namesIn(folder).names).toContain('plugh');
    await parts.store.erase([whole!.id], 'retention');
    expect(namesIn(folder).names).not.toContain('plugh');
    await closed(parts);
    expect((await fsck({ folder, checks })).findings).toEqual([]);
  });

  test('fsck names what an earlier version left', async () => {
    const folder = join(home, String(++folders));
    await (await open(folder)).close();
    const database = openDatabase(engine, storeFile(folder));
    database.prepare('INSERT INTO names (name) VALUES (?)').run('left over');
    database.close();
    expect((await fsck({ folder, checks })).findings.map(({ what }) => what)).toEqual([
      '1 entries of names are used by no block',
    ]);
  });
});

const stores: readonly (readonly [string, () => Promise<{ store: BlockStore; close(): Promise<void> }>])[] = [
  [
    'memory',
    async () => {
      const store = createMemoryStore();
      return { store, close: () => store.close() };
    },
  ],
  ...loadableEngines().map((each) => [each, () => open(join(home, String(++folders)), each)] as const),
];

describe.each(stores)('what was taken down does not come back under another id (%s)', (_name, opened) => {
  test('a body by its digest, whoever signs it, header-first or whole', async () => {
    const { store, close } = await opened();
    const first = await secretBlock({ author: 'a' });
    const again = await secretBlock({ author: 'b' });
    const bare = await secretBlock({ author: 'c', headerOnly: true });
    const other = await secretBlock({ author: 'b', salt: 'other' });
    await putAll(store, [first]);
    await store.erase([first.id], 'takedown', { body: true });
    const results = await putAll(store, [again, bare, other, first]);
    expect(results.map(({ fresh, erased }) => [fresh, erased])).toEqual([
      [false, 'takedown'],
      [false, 'takedown'],
      [true, undefined],
      [false, 'takedown'],
    ]);
    expect((await store.get([again.id, bare.id, other.id])).map((block) => block?.body)).toEqual([
      undefined,
      undefined,
      other.body,
    ]);
    // Sync compares decided ids: it must not be offered for ever.
    const decided = await store.items(
      { timeMs: again.timeMs, digest: new Uint8Array(32) },
      { timeMs: again.timeMs + 1, digest: new Uint8Array(32) },
      99,
    );
    expect(decided.length).toBe(4);
    await close();
  });

  test('a text in any spelling, any kind of block and any row', async () => {
    const { store, close } = await opened();
    const text = 'Wolpertinger and Zanzibarquux meet under the old bridge at midnight.';
    const first = await secretBlock({ text });
    await putAll(store, [first]);
    await store.erase([first.id], 'takedown', { texts: [text] });
    const spelt = await secretBlock({ author: 'b', salt: '2', text: `  ${text.toUpperCase().replace(' ', '\n ')} ` });
    const builder = new BlockBuilder({ embedder: createLexicalEmbedder(), clock: { now: () => 1_700_000_000_000 } });
    const legacy = checkAny(
      utf8(dumps(Signer.fromSeed(sha256(utf8('x'))).signBlock(await builder.createLegacyBlock([text], { tags: [] })))),
      checks,
    ) as CheckedBlock;
    const different = await secretBlock({ author: 'b', salt: '3', text: `${text} Or not.` });
    const bare = await secretBlock({ author: 'd', salt: '4', text, headerOnly: true });
    const late = await secretBlock({ author: 'd', salt: '4', text });
    const results = await putAll(store, [spelt, legacy, different, bare]);
    expect(results.map(({ erased }) => erased)).toEqual(['takedown', 'takedown', undefined, undefined]);
    const [completed] = await putAll(store, [late]);
    expect(completed!.erased).toBe('takedown');
    expect((await store.get([late.id]))[0]).toMatchObject({ body: null, erased: 'takedown' });
    await close();
  });
});

test('marks outlive a restart; the key that hides texts stands in a file that nobody else reads', async () => {
  const folder = join(home, String(++folders));
  const text = 'A text that is long enough to be told apart.';
  const parts = await open(folder);
  const first = await secretBlock({ text });
  await putAll(parts.store, [first]);
  await parts.store.erase([first.id], 'takedown', { body: true, texts: [text] });
  await parts.close();
  expect(statSync(join(folder, 'withhold.key')).mode & 0o777).toBe(0o600);
  expect(readFileSync(storeFile(folder)).includes(sha256(utf8(text)))).toBe(false);
  const again = await open(folder);
  const results = await putAll(again.store, [
    await secretBlock({ author: 'b', text }),
    await secretBlock({ author: 'b', salt: '2', text }),
  ]);
  expect(results.map(({ erased }) => erased)).toEqual(['takedown', 'takedown']);
  await again.close();
});
