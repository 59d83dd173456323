import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from '@jest/globals';
import {
  concatBytes,
  contentOf,
  decode,
  parseCid,
  sha256,
  unpackRow,
  utf8,
  type CheckedBlock,
  type StoredBlock,
} from '@cosmicembeddings/sdk';
import { createLog, createNode, loadConfig } from '../../../src/index.js';
import { erasuresOf, eraseAndProve } from '../../../src/operate/erasure/index.js';
import { fsck } from '../../../src/operate/fsck.js';
import { openNodeKeys } from '../../../src/operate/keys.js';
import { openSqlite, StoreReader, storeFile } from '../../../src/store/sqlite/index.js';
import { loadableEngines } from '../../../src/store/sqlite/driver.js';
import { secretBlock } from '../../store/secret-blocks.ts';
import { checks, registry, signedBlock } from '../../store/signed-blocks.ts';

const folder = mkdtempSync(join(tmpdir(), 'cosmic-forensic-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Reads every byte of every file, with nothing of what it judges. */
function filesWith(bytes: Uint8Array): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => readFileSync(path).includes(bytes))
    .map((path) => path.slice(folder.length + 1));
}

const wireOf = ({ envelope, body }: CheckedBlock): Uint8Array => concatBytes(envelope, body!);

test('a node that indexed, searched and folded keeps nothing of an erased body in any file; what others say stays and is named', async () => {
  const config = await loadConfig({ data: folder, port: 0, log: 'silent', verifyWorkers: 1, embedders: [] });
  const node = await createNode(config, createLog('silent'));
  const others = await Promise.all(
    Array.from({ length: 60 }, (_, i) => signedBlock(i, undefined, i % 2 === 0 ? ['shared'] : [], 2)),
  );
  const target = others[0]!.id;
  const alone = await secretBlock({
    tags: ['xyzzy', 'shared', 'a-tag-that-is-long-enough-to-be-long'],
    links: [{ rel: 'whispers', id: target }],
    rows: 3,
    collection: 'plugh-collection',
  });
  // Another block of the space and the tag, which stays.
  const stays = await secretBlock({
    author: 'b',
    salt: 'b',
    model: 'stays/model',
    tags: ['remains'],
    text: 'Nothing in common with it at all.',
  });
  const goesToo = await secretBlock({
    author: 'c',
    salt: 'c',
    model: 'stays/model',
    tags: ['remains', 'frobnicate'],
    text: 'Quetzalcoatlus flew above the canyon.',
  });
  const response = await fetch(`${node.url}/v2/blocks?wait=indexed`, {
    method: 'POST',
    headers: { 'content-type': 'application/cbor-seq' },
    body: concatBytes(...[...others, alone, stays, goesToo].map(wireOf)) as never,
  });
  expect(response.status).toBe(200);
  await fetch(`${node.url}/v2/search`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ text: 'zanzibarquux', k: 5 }),
  });
  await node.close();

  const engine = loadableEngines()[0]!;
  const reader = new StoreReader(storeFile(folder), engine);
  const stored = reader.get([alone.id])[0]! as StoredBlock;
  reader.close();
  const { vectors } = contentOf(stored, registry);
  const body = decode(alone.body!) as { salt: Uint8Array };
  const gone = new Map<string, Uint8Array>([
    ['text', utf8('Wolpertinger and Zanzibarquux')],
    ['stem', utf8('zanzibarquux')],
    ['another stem', utf8('wolperting')],
    ['word of another block', utf8('quetzalcoatlus')],
    ['short tag', utf8('xyzzy')],
    ['short tag of another block', utf8('frobnicate')],
    ['long tag', utf8('a-tag-that-is-long-enough-to-be-long')],
    ['relation', utf8('whispers')],
    ['model', utf8('secret/model-of-one')],
    ['space', utf8(alone.entry.space!)],
    ['space digest', parseCid(alone.entry.space!).digest!],
    ['origin', utf8('secret/salt.md')],
    ['collection', utf8('plugh-collection')],
    ['hash of the input', sha256(utf8('Wolpertinger and Zanzibarquux meet under the old bridge at midnight.'))],
    ['salt', body.salt],
    ['rows', vectors!.stored.bytes.slice(0, 24)],
    ...[0, 1, 2].map((row): [string, Uint8Array] => {
      const flat = unpackRow(vectors!.stored, 16, row);
      return [`row ${row}`, new Uint8Array(flat.buffer, flat.byteOffset, 24)];
    }),
  ]);
  // Looked for all the same: an index may keep a digest, and FTS5 keeps of a word only what the one before has not.
  const notAsSuch = ['space digest', 'another stem', 'word of another block'];
  for (const [what, bytes] of gone)
    expect([what, filesWith(bytes).length > 0]).toEqual([what, !notAsSuch.includes(what)]);

  const { did } = await openNodeKeys(folder);
  // As a retention that was cut off left it: the body is gone, its rows stand in the index.
  const cut = await openSqlite({ folder, network: 'dev', node: did });
  await cut.store.erase([others[5]!.id], 'retention');
  await cut.close();
  const { findings } = await fsck({ folder, checks });
  expect(findings.map(({ part, what }) => `${part}: ${what}`)).toContainEqual(
    expect.stringMatching(/^erasure: .*rows\.f32: 2 erased rows still have their numbers$/),
  );
  const report = await eraseAndProve(
    { folder, network: 'dev', node: did },
    erasuresOf([alone.id, goesToo.id], 'takedown'),
  );
  expect(report.traces).toEqual([]);
  expect(report.lookedFor).toBeGreaterThan(40);
  for (const [what, bytes] of gone) expect([what, filesWith(bytes)]).toEqual([what, []]);
  for (const kept of ['shared', 'remains', 'stays/model', stays.entry.space!])
    expect([kept, filesWith(utf8(kept)).length > 0]).toEqual([kept, true]);
  const holders = report.shared.map(({ what, holder, where }) => `${what.split(' ')[0]} ${where} ${holder}`);
  expect(holders).toContain(`value names ${stays.id}`);
  expect((await fsck({ folder, checks })).findings).toEqual([]);

  const again = await createNode(config, createLog('silent'));
  const search = async (text: string): Promise<{ hits: { id: string }[] }> =>
    (await (
      await fetch(`${again.url}/v2/search`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ text, mode: 'text', k: 5 }),
      })
    ).json()) as { hits: { id: string }[] };
  expect((await search('canyon')).hits ?? []).toEqual([]);
  const back = await fetch(`${again.url}/v2/blocks`, {
    method: 'POST',
    headers: { 'content-type': 'application/cbor-seq' },
    body: wireOf(
      await secretBlock({
        author: 'stranger',
        rows: 3,
        collection: 'plugh-collection',
        tags: ['xyzzy', 'shared', 'a-tag-that-is-long-enough-to-be-long'],
        links: [{ rel: 'whispers', id: target }],
      }),
    ) as never,
  });
  expect(await back.text()).toContain('policy.erased');
  await again.close();
  for (const [what, bytes] of gone) expect([what, filesWith(bytes)]).toEqual([what, []]);
}, 60_000);
