import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { checkAny, didOf, publicKeyOf, utf8, type CheckedBlock } from '@cosmicembeddings/sdk';
import { dumps, PyFloat, PyInt, Signer } from '@cosmicembeddings/sdk/python';
import { newAgeKey } from '@cosmicembeddings/sdk/sealed';
import {
  findBackup,
  listManifests,
  openPlace,
  restoreFiles,
  restoreStore,
  scheduleBackups,
  takeBackup,
  verifyBackup,
  type Place,
  type Taken,
} from '../../src/operate/backups/index.js';
import { backupCommand, type BackupArgs } from '../../src/operate/backup-commands.js';
import { fsck } from '../../src/operate/fsck.js';
import { openSqlite, storeFile, type SqliteParts } from '../../src/store/sqlite/index.js';
import { loadableEngines } from '../../src/store/sqlite/driver.js';
import { openUpkeep } from '../../src/store/sqlite/upkeep.js';
import { systemClock } from '../../src/clock.js';
import { checks, signedBlock } from '../store/signed-blocks.ts';

const home = mkdtempSync(join(tmpdir(), 'cosmic-backups-'));
const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});
afterAll(() => rmSync(home, { recursive: true, force: true }));
let folders = 0;
const newFolder = (): string => join(home, String(++folders));
const engine = loadableEngines()[0]!;
const seed = new Uint8Array(32).fill(7);
const node = didOf(publicKeyOf(seed));

let blocks: CheckedBlock[];
beforeAll(async () => {
  blocks = [];
  for (let i = 0; i < 30; i++) blocks.push(await signedBlock(i));
});

async function openStore(): Promise<SqliteParts & { readonly folder: string }> {
  const folder = newFolder();
  const parts = await openSqlite({ folder, network: 'dev', node });
  closers.push(() => parts.close());
  return { ...parts, folder };
}

const put = (parts: SqliteParts, from: number, to: number): Promise<unknown> =>
  parts.store.put(blocks.slice(from, to).map((block, i) => ({ block, firstSeenMs: 1000 + from + i })));

let takenAt = Date.UTC(2026, 10, 28);
async function take(
  folder: string,
  place: Place,
  more: Partial<Parameters<typeof takeBackup>[0]> = {},
): Promise<Taken> {
  const upkeep = openUpkeep(storeFile(folder), engine);
  try {
    return await takeBackup({
      upkeep,
      folder,
      place,
      seed,
      node,
      nowMs: (takenAt += 60_000),
      recipients: [],
      keep: 100,
      identity: false,
      ...more,
    });
  } finally {
    upkeep.close();
  }
}

const newPlace = async (): Promise<Place & { readonly root: string }> => {
  const root = newFolder();
  return { ...(await openPlace(root)), root };
};

/** Every byte of a place. */
function bytesOf(root: string): Buffer {
  return Buffer.concat(
    readdirSync(root, { recursive: true, withFileTypes: true }).flatMap((one) =>
      one.isFile() ? [readFileSync(join(one.parentPath, one.name))] : [],
    ),
  );
}

async function restored(place: Place, at?: string, identities: readonly string[] = []): Promise<SqliteParts> {
  const manifest = await findBackup(place, at);
  const folder = newFolder();
  const options = { folder, network: 'dev', node: 'did:key:zOther' };
  await restoreStore(place, manifest, { ...options, checks, identities });
  expect((await fsck({ folder, checks })).findings).toEqual([]);
  const parts = await openSqlite(options);
  closers.push(() => parts.close());
  return parts;
}

test('each backup writes what is new, and each can be restored: blocks, when they were first seen, what was erased', async () => {
  const parts = await openStore();
  const place = await newPlace();
  await put(parts, 0, 10);
  await take(parts.folder, place);
  await put(parts, 10, 30);
  await parts.store.erase([blocks[29]!.id], 'takedown');
  const second = await take(parts.folder, place);
  expect(second.manifest.head).toMatchObject({ seq: 31, count: 30 });
  expect(await listManifests(place)).toHaveLength(2);

  const early = await restored(place, '2026-11-28T00:01');
  expect((await early.store.head()).count).toBe(10);
  const late = await restored(place);
  expect((await late.store.head()).count).toBe(30);
  const found = await late.store.get(blocks.map(({ id }) => id));
  expect(found.map((one) => one!.firstSeenMs)).toEqual(blocks.map((_, i) => 1000 + i));
  expect(found.slice(0, 29).every((one, i) => Buffer.compare(one!.body!, blocks[i]!.body!) === 0)).toBe(true);
  expect(found[29]).toMatchObject({ body: null, erased: 'takedown' });
  // It is withheld there too.
  const [again] = await late.store.put([{ block: blocks[29]!, firstSeenMs: 5 }]);
  expect(again).toMatchObject({ erased: 'takedown' });
});

test('what is erased goes out of every backup that stays', async () => {
  const parts = await openStore();
  const place = await newPlace();
  const secret = Buffer.from(blocks[3]!.body!);
  await put(parts, 0, 8);
  await take(parts.folder, place);
  await put(parts, 8, 12);
  await take(parts.folder, place);
  expect(bytesOf(place.root).includes(secret)).toBe(true);
  await parts.store.erase([blocks[3]!.id], 'retracted');
  const { cleaned } = await take(parts.folder, place);
  expect(cleaned).toBe(2);
  expect(bytesOf(place.root).includes(secret)).toBe(false);
  for (const at of ['2026', undefined]) {
    const store = (await restored(place, at)).store;
    expect((await store.get([blocks[3]!.id]))[0]!.body).toBeNull();
  }
  // Every one of them is whole.
  for (const name of await listManifests(place)) {
    const manifest = await findBackup(place, name.slice('backups/'.length, -'.json'.length));
    await expect(verifyBackup(place, manifest, checks, [])).resolves.toMatchObject({ opened: true });
  }
});

test('a backup of which a piece is written again for others says that both are needed; drafts that broke off go', async () => {
  const parts = await openStore();
  const place = await newPlace();
  const [before, after] = [await newAgeKey(), await newAgeKey()];
  await put(parts, 0, 20);
  const segmentBytes = Math.ceil(2.5 * (blocks[3]!.envelope.length + blocks[3]!.body!.length));
  await take(parts.folder, place, { segmentBytes, recipients: [before.recipient] });
  await parts.store.erase([blocks[3]!.id], 'retracted');
  writeFileSync(join(place.root, 'segments', '1-3-x.blocks.part'), 'cut off');
  const { cleaned } = await take(parts.folder, place, { segmentBytes, recipients: [after.recipient] });
  expect(cleaned).toBe(1);
  expect(readdirSync(join(place.root, 'segments')).filter((name) => name.endsWith('.part'))).toEqual([]);
  const [first, second] = await listManifests(place);
  const read = (name: string) => findBackup(place, name.slice('backups/'.length, -'.json'.length));
  expect((await read(first!)).recipients).toEqual([after.recipient, before.recipient].sort());
  expect((await read(second!)).recipients).toEqual([after.recipient]);
  const both = [before.identity, after.identity];
  await expect(verifyBackup(place, await read(first!), checks, both)).resolves.toMatchObject({ opened: true });
  await expect(verifyBackup(place, await read(second!), checks, [after.identity])).resolves.toMatchObject({
    opened: true,
  });
});

test('a full piece that lost what was erased keeps its place before the later ones', async () => {
  const parts = await openStore();
  const place = await newPlace();
  const segmentBytes = Math.ceil(2.5 * (blocks[3]!.envelope.length + blocks[3]!.body!.length));
  await put(parts, 0, 20);
  expect((await take(parts.folder, place, { segmentBytes })).manifest.segments.length).toBeGreaterThan(3);
  await parts.store.erase([blocks[3]!.id], 'retracted');
  expect((await take(parts.folder, place, { segmentBytes })).cleaned).toBe(1);
  const { written } = await take(parts.folder, place, { segmentBytes });
  expect(written).toBeLessThan(2);
  const { store } = await restored(place);
  expect((await store.head()).count).toBe(20);
});

test('verify finds a backup whole although nothing is left of an erased block of version 1', async () => {
  const model = new Map<string, unknown>(Object.entries({ name: 'm', dimensions: new PyInt(2n) }));
  const fields = { version: '1.0', id: 'old', created_by: 'a', timestamp: new PyInt(1_755_535_817n), model };
  const rows = { embeddings: [[new PyFloat(0.5), new PyFloat(1)]], content: ['old'], metadata: new Map() };
  const signed = Signer.fromSeed(seed).signBlock(
    new Map<string, unknown>(Object.entries({ ...fields, ...rows })) as never,
  );
  const old = checkAny(utf8(dumps(signed)), checks) as CheckedBlock;
  const parts = await openStore();
  const place = await newPlace();
  await put(parts, 0, 3);
  await parts.store.put([{ block: old, firstSeenMs: 2000 }]);
  await parts.store.erase([old.id], 'takedown');
  expect((await take(parts.folder, place)).manifest.head).toMatchObject({ seq: 5, count: 4 });
  const config = { network: 'dev', plugins: [], store: engine, verifier: 'auto' };
  const told = await backupCommand({ words: ['verify', place.root], config } as unknown as BackupArgs);
  expect(told).toMatchObject({ failed: false, value: { blocks: 3, restored: true, findings: [] } });
});

test('a backup that ends half-way counts for nothing, and the next one takes away what it left', async () => {
  const parts = await openStore();
  const place = await newPlace();
  await put(parts, 0, 5);
  await take(parts.folder, place);
  await put(parts, 5, 9);
  const cut = (name: string): Place => ({
    ...place,
    write: (one, bytes) => (one.startsWith(name) ? Promise.reject(new Error('cut off')) : place.write(one, bytes)),
  });
  for (const at of ['segments/', 'backups/']) await expect(take(parts.folder, cut(at))).rejects.toThrow('cut off');
  expect((await (await restored(place)).store.head()).count).toBe(5);
  const { manifest } = await take(parts.folder, place, { keep: 1 });
  expect(await listManifests(place)).toHaveLength(1);
  const left = readdirSync(join(place.root, 'segments')).filter((name) => !name.endsWith('.ids'));
  expect(left).toEqual(manifest.segments.map(({ object }) => object.slice('segments/'.length)));
  expect((await (await restored(place)).store.head()).count).toBe(9);
});

test('sealed: nothing of it can be read without the identity, keys go along only then, and a node can be the same again', async () => {
  const parts = await openStore();
  writeFileSync(join(parts.folder, 'node.key'), Buffer.from(seed).toString('hex') + '\n');
  writeFileSync(join(parts.folder, 'config.json'), '{"port": 8123}');
  await put(parts, 0, 6);
  const open = await newPlace();
  await expect(take(parts.folder, open, { identity: true })).rejects.toThrow('config.malformed');
  expect((await take(parts.folder, open)).manifest.leftOut.map(({ file }) => file)).toEqual(['node.key']);

  const { identity, recipient } = await newAgeKey();
  const place = await newPlace();
  const { manifest } = await take(parts.folder, place, { recipients: [recipient], identity: true });
  expect(bytesOf(place.root).includes(Buffer.from(blocks[2]!.body!))).toBe(false);
  expect(bytesOf(place.root).includes(Buffer.from(seed).toString('hex'))).toBe(false);
  await expect(restored(place)).rejects.toThrow('backup.sealed');
  await expect(restored(place, undefined, [(await newAgeKey()).identity])).rejects.toThrow('backup.sealed');
  await expect(verifyBackup(place, manifest, checks, [])).resolves.toMatchObject({ opened: false, blocks: 0 });
  expect((await (await restored(place, undefined, [identity])).store.head()).count).toBe(6);
  const target = newFolder();
  const told = await restoreFiles(place, manifest, target, [identity], false);
  expect(told).toEqual({ files: ['config.json'], leftOut: ['node.key'] });
  expect((await restoreFiles(place, manifest, target, [identity], true)).files).toEqual(['node.key']);
  expect(readFileSync(join(target, 'node.key'), 'utf8').trim()).toBe(Buffer.from(seed).toString('hex'));
  await expect(take(parts.folder, place, { recipients: ['age1nonsense'] })).rejects.toThrow('config.malformed');
});

test('whoever wrote a backup, files are put into the folder alone, and only those that belong there', async () => {
  const parts = await openStore();
  const place = await newPlace();
  writeFileSync(join(parts.folder, 'config.json'), '{"port": 8123}');
  await put(parts, 0, 1);
  const { manifest } = await take(parts.folder, place);
  const [config] = manifest.files;
  const strange = ['../outside', 'views/plant', 'policy.mjs'];
  const forged = { ...manifest, files: [config!, ...strange.map((file) => ({ ...config!, file }))] };
  const target = join(newFolder(), 'data');
  expect(await restoreFiles(place, forged, target, [], false)).toEqual({ files: ['config.json'], leftOut: strange });
  expect(readdirSync(join(target, '..'), { recursive: true }).sort()).toEqual(['data', join('data', 'config.json')]);
});

test('a changed byte, a piece that is gone and a changed manifest are found, and nothing is restored of them', async () => {
  const parts = await openStore();
  const place = await newPlace();
  await put(parts, 0, 4);
  const { manifest } = await take(parts.folder, place);
  const [segment] = manifest.segments;
  const path = join(place.root, segment!.object);
  const sound = readFileSync(path);
  const name = join(place.root, (await listManifests(place))[0]!);
  const text = readFileSync(name, 'utf8');
  const verified = async (): Promise<unknown> => verifyBackup(place, await findBackup(place), checks, []);

  const torn = Buffer.from(sound);
  torn[100]! ^= 1;
  writeFileSync(path, torn);
  await expect(verified()).rejects.toThrow('backup.damaged');
  rmSync(path);
  await expect(verified()).rejects.toThrow(/backup\.damaged.*is gone/);
  const folder = newFolder();
  await expect(restoreStore(place, manifest, { folder, network: 'dev', node, checks, identities: [] })).rejects.toThrow(
    'backup.damaged',
  );
  expect(existsSync(storeFile(folder))).toBe(false);
  expect(existsSync(join(folder, 'restoring'))).toBe(false);
  writeFileSync(path, sound);
  await verified();
  writeFileSync(name, text.replace('"count": 4', '"count": 5'));
  await expect(verified()).rejects.toThrow(/backup\.damaged.*not signed/);
  // Another node's backups are not touched.
  writeFileSync(name, text);
  const stranger = await openSqlite({ folder: newFolder(), network: 'dev', node: 'did:key:zStranger' });
  closers.push(() => stranger.close());
  await expect(take(parts.folder, place, { node: 'did:key:zStranger' })).rejects.toThrow('store.foreign');
});

test('a running node takes them in turn, says since when there is none, and goes on after a fault', async () => {
  const parts = await openStore();
  await put(parts, 0, 3);
  const root = newFolder();
  writeFileSync(`${root}-in-the-way`, '');
  const rules = { to: join(`${root}-in-the-way`, 'x'), everyMs: 10, recipients: [], keep: 3, identity: false };
  const store = { path: storeFile(parts.folder), engine, folder: parts.folder, seed, node };
  const until = async (done: () => boolean): Promise<void> => {
    while (!done()) await new Promise((resolve) => setTimeout(resolve, 20));
  };
  const failing = scheduleBackups({ rules, store, clock: systemClock });
  closers.push(() => failing.close());
  await until(() => failing.state().failures > 1);
  expect(failing.state().fault).toContain('backup.unreachable');
  expect(failing.state().lastMs).toBeUndefined();
  await failing.close();

  let taken = 0;
  const good = scheduleBackups({
    rules: { ...rules, to: root },
    store,
    clock: systemClock,
    onTaken: () => (taken += 1),
  });
  closers.push(() => good.close());
  await until(() => taken >= 4);
  await good.close();
  expect(good.state()).toMatchObject({ failures: 0 });
  expect(await listManifests(await openPlace(root))).toHaveLength(3);
});
