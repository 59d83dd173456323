import { execFile } from 'node:child_process';
import { appendFileSync, cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { utf8, type CheckedBlock } from '@cosmicembeddings/sdk';
import { loadableEngines, openDatabase } from '../../../src/store/sqlite/driver.js';
import { openSqlite, storeFile, type SqliteParts } from '../../../src/store/sqlite/index.js';
import { compact, deadSpaceIn } from '../../../src/store/sqlite/upkeep.js';
import {
  erasuresOf,
  eraseAndProve,
  eraseWhatWasBegun,
  journalFolder,
  noteForProof,
  openJournal,
  resumeErasure,
  type Phase,
} from '../../../src/operate/erasure/index.js';
import { fieldNames, windowBytes } from '../../../src/operate/erasure/fields.js';
import {
  FingerprintSet,
  fingerprintBytes,
  Hasher,
  scanBytes,
  writeFingerprint,
} from '../../../src/operate/erasure/fingerprints.js';
import { proofLimits } from '../../../src/operate/erasure/prove.js';
import { scanFile } from '../../../src/operate/erasure/scan.js';
import { fsck } from '../../../src/operate/fsck.js';
import { secretBlock } from '../../store/secret-blocks.ts';
import { checks, registry, signedBlock } from '../../store/signed-blocks.ts';

const home = mkdtempSync(join(tmpdir(), 'cosmic-erase-'));
afterAll(() => rmSync(home, { recursive: true, force: true }));
let folders = 0;
const newFolder = (): string => join(home, String(++folders));
const engine = loadableEngines()[0]!;
const identity = { network: 'dev', node: 'did:key:zErase' };
const open = (folder: string): Promise<SqliteParts> => openSqlite({ folder, ...identity });

const COUNT = 120;
let blocks: CheckedBlock[];
let filled: string;
beforeAll(async () => {
  blocks = [];
  for (let i = 0; i < COUNT; i++)
    blocks.push(
      i % 3 === 0
        ? await secretBlock({
            author: `a${i}`,
            salt: `s${i}`,
            model: `model/of-${i}`,
            tags: [`tag${i}`],
            text: `Secret ${i}: ${'zyx'.repeat(i % 7)} nobody may know of number ${i * 7919}.`,
          })
        : await signedBlock(i, undefined, ['note']),
    );
  filled = newFolder();
  const parts = await open(filled);
  await parts.store.put(blocks.map((block, i) => ({ block, firstSeenMs: 1000 + i })));
  parts.text.notify(await parts.store.head());
  await parts.text.catchUp(Date.now() + 20_000);
  await parts.close();
});

const copy = (): string => {
  const folder = newFolder();
  cpSync(filled, folder, { recursive: true });
  return folder;
};
const secrets = (): CheckedBlock[] => blocks.filter((_, i) => i % 3 === 0);
const ids = (): string[] => secrets().map(({ id }) => id);

test('says how far it is: blocks noted and erased, bytes looked through', async () => {
  const folder = copy();
  const told = new Map<string, (readonly [number, number])[]>();
  await eraseAndProve(
    {
      folder,
      ...identity,
      progress: (what) => {
        const all: (readonly [number, number])[] = [];
        told.set(what, all);
        return (...at) => void all.push(at);
      },
    },
    erasuresOf(ids(), 'takedown'),
  );
  const n = ids().length;
  expect(told.get('noting')!.at(-1)).toEqual([n, n]);
  expect(told.get('erasing')!.at(-1)).toEqual([n, n]);
  const looked = told.get('looking for traces')!;
  expect(looked.length).toBeGreaterThan(1);
  expect(looked.every(([done, all], i) => done <= all && done >= (looked[i - 1]?.[0] ?? 0))).toBe(true);
});

describe('the search for pieces', () => {
  const setOf = (
    pieces: readonly Uint8Array[],
    hasher = new Hasher(new Uint8Array([9, 8, 7, 6, 5, 4, 3, 2])),
  ): FingerprintSet => {
    const records = new Uint8Array(pieces.length * fingerprintBytes);
    pieces.forEach((piece, i) =>
      writeFingerprint(new DataView(records.buffer), i * fingerprintBytes, {
        first: hasher.first(piece, 0, piece.length),
        second: hasher.second(piece, 0, piece.length),
        block: 0,
        field: fieldNames.indexOf('text'),
        length: piece.length,
      }),
    );
    return new FingerprintSet(new DataView(records.buffer), hasher);
  };

  test('finds exactly what indexOf finds, at every place', () => {
    fc.assert(
      fc.property(
        fc.array(fc.uint8Array({ minLength: windowBytes, maxLength: windowBytes }), { minLength: 1, maxLength: 8 }),
        fc.array(fc.oneof(fc.nat(7), fc.uint8Array({ maxLength: 20 })), { maxLength: 20 }),
        (pieces, parts) => {
          const bytes = Buffer.concat(
            parts.map((part) => (typeof part === 'number' ? (pieces[part] ?? Buffer.alloc(1)) : part)),
          );
          const found = new Set<string>();
          scanBytes(bytes, setOf(pieces), (index, offset) =>
            found.add(`${Buffer.from(pieces[index]!).toString('hex')} ${offset}`),
          );
          const expected = new Set<string>();
          for (const piece of pieces)
            for (let at = bytes.indexOf(piece); at >= 0; at = bytes.indexOf(piece, at + 1))
              expected.add(`${Buffer.from(piece).toString('hex')} ${at}`);
          expect(found).toEqual(expected);
        },
      ),
    );
  });

  test('across the pieces in which a file is read, and at its very end', () => {
    const bytes = Buffer.alloc(9 * 1024 * 1024, 1);
    const needle = utf8('sixteen bytes ok');
    const places = [4 * 1024 * 1024 - 7, 8 * 1024 * 1024 - 15, bytes.length - needle.length];
    for (const at of places) bytes.set(needle, at);
    const file = join(mkdtempSync(join(home, 'scan-')), 'big');
    writeFileSync(file, bytes);
    const found: number[] = [];
    scanFile(file, setOf([needle]), (_, offset) => found.push(offset));
    expect([...new Set(found)]).toEqual(places);
  });
});

describe('what SQLite leaves between its cells', () => {
  test('is found in free pages, gaps, free blocks and behind overflowing values, and gone after compacting', async () => {
    const folder = copy();
    const parts = await open(folder);
    await parts.store.erase(ids(), 'takedown');
    await parts.close();
    const dead = (): string => {
      const database = openDatabase(engine, storeFile(folder), { readOnly: true });
      try {
        return [...deadSpaceIn(database, storeFile(folder))]
          .map(({ bytes }) => Buffer.from(bytes).toString('latin1'))
          .join('\n');
      } finally {
        database.close();
      }
    };
    const database = openDatabase(engine, storeFile(folder));
    database.exec('PRAGMA secure_delete = OFF; CREATE TABLE scratch (id INTEGER PRIMARY KEY, value BLOB)');
    const add = database.prepare('INSERT INTO scratch VALUES (?, ?)');
    for (let i = 1; i <= 40; i++) add.run(i, Buffer.from(`residue${i} `.repeat(i * 500)));
    database.exec('DELETE FROM scratch WHERE id % 2 = 0');
    database.close();
    const before = dead();
    expect(['residue40', 'residue2 '].map((word) => before.includes(word))).toEqual([true, true]);
    compact(storeFile(folder), engine);
    expect(dead().includes('residue')).toBe(false);
  });
});

describe('erasing with proof', () => {
  test('finds what stays behind, names what others hold, and is done when nothing is left', async () => {
    const folder = copy();
    writeFileSync(
      join(folder, 'forgotten.txt'),
      `a copy: ${JSON.stringify(['Secret 3: zyxzyxzyx nobody may know of number 23757.'])}`,
    );
    const report = await eraseAndProve({ folder, ...identity }, erasuresOf(ids(), 'takedown'));
    expect([...new Set(report.traces.map(({ file }) => file))]).toEqual(['forgotten.txt']);
    expect(existsSync(journalFolder(folder))).toBe(true);
    rmSync(join(folder, 'forgotten.txt'));
    const again = await resumeErasure({ folder, ...identity });
    expect(again!.traces).toEqual([]);
    expect(existsSync(journalFolder(folder))).toBe(false);
    expect(await resumeErasure({ folder, ...identity })).toBeUndefined();
    expect((await fsck({ folder, checks })).findings).toEqual([]);
  });

  test('a short value in a table that no block uses is a trace', async () => {
    const folder = copy();
    const parts = await open(folder);
    await parts.close();
    const database = openDatabase(engine, storeFile(folder));
    database.exec(
      `CREATE TRIGGER stays AFTER DELETE ON names WHEN old.name = 'tag3' BEGIN INSERT INTO names VALUES (old.id, old.name); END`,
    );
    database.close();
    const report = await eraseAndProve({ folder, ...identity }, erasuresOf([blocks[3]!.id], 'takedown'));
    expect(report.traces.map(({ file, what }) => `${what} in ${file}`)).toEqual([
      `value of 4 bytes of ${blocks[3]!.id} in names`,
    ]);
  });

  test('many pieces take several passes, with the same result', async () => {
    const folder = copy();
    const parts = await open(folder);
    await parts.close();
    const report = await eraseAndProve(
      { folder, ...identity, limits: { ...proofLimits, groupMax: 100 } },
      erasuresOf(ids(), 'quota'),
    );
    expect(report.traces).toEqual([]);
    expect(report.erased).toBe(ids().length);
  });

  test('what is no id is refused before anything goes', async () => {
    const folder = copy();
    await expect(
      eraseAndProve({ folder, ...identity }, erasuresOf([ids()[0]!, 'no id'], 'takedown')),
    ).rejects.toMatchObject({ code: 'request.malformed' });
    expect(existsSync(journalFolder(folder))).toBe(false);
  });
});

describe('an erasure that is killed', () => {
  const dist = join(dirname(fileURLToPath(import.meta.url)), '..', '..', '..', 'dist');
  const script = `
    import { eraseAndProve, erasuresOf } from ${JSON.stringify(join(dist, 'operate/erasure/index.js'))};
    const { folder, ids, phase } = JSON.parse(process.argv[2]);
    await eraseAndProve({ folder, network: 'dev', node: 'did:key:zErase', onPhase: (now) => {
      if (now === phase) process.kill(process.pid, 'SIGKILL');
    } }, erasuresOf(ids, 'takedown'));`;
  const killed = (folder: string, phase: Phase): Promise<string | null> =>
    new Promise((resolve) => {
      const file = join(home, 'killed.mjs');
      writeFileSync(file, script);
      const child = execFile(process.execPath, [file, JSON.stringify({ folder, ids: ids(), phase })]);
      child.stderr!.pipe(process.stderr);
      child.on('exit', (_, signal) => resolve(signal));
    });

  test.each<Phase>(['planned', 'erasing', 'erased', 'followed', 'forgotten', 'proven'])(
    'at "%s" is said by fsck, finished by whoever resumes, and proven',
    async (phase) => {
      const folder = copy();
      expect(await killed(folder, phase)).toBe('SIGKILL');
      const { findings, due } = await fsck({ folder, checks });
      expect([...findings, ...due].some(({ what }) => what.includes('an erasure was begun'))).toBe(true);
      // Whether a body is left when "erasing" is told is a matter of batches.
      if (phase !== 'erasing') expect(due.length === 0).toBe(phase === 'planned');
      const report = await resumeErasure({ folder, ...identity });
      expect(report).toMatchObject({ erased: ids().length, traces: [] });
      expect(openJournal(folder)).toBeUndefined();
      const all = readFileSync(storeFile(folder));
      for (const { body } of secrets()) expect(all.includes(body!.subarray(0, 64))).toBe(false);
      expect((await fsck({ folder, checks })).findings).toEqual([]);
    },
  );

  test('a node that starts serves nothing of it', async () => {
    const folder = copy();
    await killed(folder, 'planned');
    const parts = await open(folder);
    expect(await eraseWhatWasBegun(folder, parts, registry)).toBe(ids().length);
    expect((await parts.store.get(ids())).every((block) => block!.body === null)).toBe(true);
    await parts.close();
    expect(existsSync(journalFolder(folder))).toBe(true);
  });
});

describe('an erasure in a running node', () => {
  test('leaves fingerprints, whatever cuts them off, and is proven once the node is stopped', async () => {
    const folder = copy();
    const parts = await open(folder);
    const [first, second, third] = ids();
    const online = async (id: string): Promise<void> => {
      await noteForProof(folder, { store: parts.store, registry }, erasuresOf([id], 'takedown'));
      await parts.store.erase([id], 'takedown');
    };
    await online(first!);
    // As a crash leaves the files: part of a record, part of a line.
    for (const [name, bytes] of [
      ['long', Buffer.alloc(7, 1)],
      ['short', Buffer.alloc(3, 1)],
      ['ids', Buffer.from(third!.slice(0, 20))],
    ] as const)
      appendFileSync(join(journalFolder(folder), name), bytes);
    await online(second!);
    await noteForProof(folder, { store: parts.store, registry }, erasuresOf([`bafyrei${'a'.repeat(52)}`], 'takedown'));
    await parts.close();
    const journal = openJournal(folder)!;
    expect(journal.erasures.map(({ id }) => id)).toEqual([first, second]);
    const report = (await resumeErasure({ folder, ...identity }))!;
    expect(report).toMatchObject({ erased: 2, traces: [] });
    // Both blocks' fingerprints were looked for.
    const alone = copy();
    const expected = await eraseAndProve({ folder: alone, ...identity }, erasuresOf([first!, second!], 'takedown'));
    expect(report.lookedFor).toBeGreaterThanOrEqual(expected.lookedFor);
    expect(existsSync(journalFolder(folder))).toBe(false);
  }, 30_000);
});
