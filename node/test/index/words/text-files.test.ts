import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { corePlugins, createRegistry, type Follower } from '@cosmicembeddings/sdk';
import { TextFile } from '../../../src/index/words/text-file.js';
import { TextFiles } from '../../../src/index/words/text-files.js';
import { loadableEngines, openDatabase } from '../../../src/store/sqlite/driver.js';
import { Ledger, someRows, spaceNamed } from '../vectors/ledger.ts';

const registry = createRegistry(corePlugins);
const space = spaceNamed('test/texts', 4);

let home: string;
let ledger: Ledger;
let opened: TextFiles[];
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'text-files-'));
  ledger = new Ledger();
  opened = [];
});
afterEach(() => {
  for (const files of opened) files.close();
  rmSync(home, { recursive: true, force: true });
});

describe.each(loadableEngines())('a text file built beside, %s', (engine) => {
  const at = (folder = 'a'): string => join(home, folder, 'text.sqlite');

  function open(path = at()): TextFiles {
    mkdirSync(dirname(path), { recursive: true });
    const files = new TextFiles({ path, engine, registry, store: ledger.head, onChanged: () => undefined });
    opened.push(files);
    return files;
  }

  function close(files: TextFiles): void {
    opened.splice(opened.indexOf(files), 1);
    files.close();
  }

  /** As its loop does it: one batch of at most `max` items; false where there was none. */
  function take({ durable, take, room, idle }: Follower, max = 3): boolean {
    if ((room?.() ?? 1) > 0) {
      const from = (durable() as { seq: number } | undefined) ?? { seq: 0 };
      const items = ledger.items.slice(from.seq, from.seq + max);
      if (items.length > 0) {
        void take(items, { epoch: ledger.epoch, seq: from.seq + items.length }, () => undefined);
        return true;
      }
    }
    return idle?.(1) === true;
  }

  function follow(files: TextFiles): void {
    while (take(files.follower));
  }
  function build(files: TextFiles): void {
    while (take(files.builder));
  }
  const reached = (files: TextFiles): number =>
    files.follower.reached!(files.follower.durable() as { epoch: string; seq: number }).seq;
  const found = (files: TextFiles, query = 'heron'): number[] =>
    files
      .search(query, 100, undefined, false)
      .map(({ label }) => label)
      .sort((a, b) => a - b);

  /** 10 texts with a heron in each, in a file that was closed. */
  function filled(): void {
    for (let i = 0; i < 10; i++) ledger.add(space, someRows(1, i + 1, 4), { texts: [`heron number ${i}`] });
    const files = open();
    follow(files);
    close(files);
  }
  const all = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9];

  /** Unlike what was left, but nothing that SQLite would see. */
  function touch(path = at()): void {
    const bytes = readFileSync(path);
    // The application's number in the header (sqlite.org/fileformat.html, 1.3): nobody reads it.
    bytes[71]! ^= 0xff;
    writeFileSync(path, bytes);
  }

  function age(path = at()): void {
    rmSync(`${path}.sum`);
    const database = openDatabase(engine, path);
    database.exec(`UPDATE meta SET value = '1' WHERE name = 'version'`);
    database.close();
  }

  test.each(['touched', 'of another version', 'not closed'])(
    '%s: the old one answers until the new one is there',
    (what) => {
      filled();
      if (what === 'touched') touch();
      else if (what === 'of another version') age();
      else rmSync(`${at()}.sum`);
      const files = open();
      expect(files.isBuilding).toBe(true);
      for (let steps = 0; files.isBuilding; steps++) {
        expect(found(files)).toEqual(all);
        // It says that it does not vouch for that.
        expect(reached(files)).toBe(Math.min(10, 3 * steps));
        take(files.builder);
      }
      expect(found(files)).toEqual(all);
      expect(reached(files)).toBe(10);
      expect(existsSync(`${at()}.new`)).toBe(false);
      close(files);
      const again = open();
      expect(again.isBuilding).toBe(false);
      expect(found(again)).toEqual(all);
    },
  );

  test('what comes and goes meanwhile comes and goes in both', () => {
    filled();
    touch();
    const files = open();
    take(files.builder);
    // Label 1 is in the new file already, label 8 is not yet.
    for (const label of [1, 8]) ledger.erase(label, 1);
    ledger.add(space, someRows(1, 50, 4), { texts: ['a late heron'] });
    follow(files);
    const left = [0, 2, 3, 4, 5, 6, 7, 9, 10];
    for (;;) {
      expect(found(files)).toEqual(left);
      if (!files.isBuilding) break;
      take(files.builder);
    }
    close(files);
    expect(found(open())).toEqual(left);
  });

  test('ended at any moment, it goes on or begins again, and never finds what was erased', () => {
    filled();
    touch();
    const files = open();
    ledger.erase(4, 1);
    const left = all.filter((label) => label !== 4);
    let moments = 0;
    for (let more = true; more;) {
      if (moments === 2) follow(files);
      more = files.isBuilding;
      // A copy of what stands on disk now is what a killed process leaves.
      const copy = `copy-${engine}-${moments++}`;
      cpSync(join(home, 'a'), join(home, copy), { recursive: true });
      for (const end of ['.lock', '.new.lock']) rmSync(at(copy) + end, { recursive: true, force: true });
      const after = open(at(copy));
      follow(after);
      expect(found(after)).toEqual(left);
      build(after);
      follow(after);
      expect(after.isBuilding).toBe(false);
      expect(found(after)).toEqual(left);
      expect(reached(after)).toBe(11);
      close(after);
      take(files.builder);
    }
    expect(moments).toBeGreaterThan(4);
  });

  test('between closing the old file and naming the new one there is one of them, whole', () => {
    filled();
    touch();
    const files = open();
    while (files.isBuilding) {
      cpSync(join(home, 'a'), join(home, 'before'), { recursive: true, force: true });
      take(files.builder);
    }
    // What the old one had beside it is gone, the new one has no name yet.
    for (const end of ['-wal', '-shm']) rmSync(at('before') + end, { force: true });
    rmSync(`${at('before')}.new.lock`, { recursive: true, force: true });
    rmSync(`${at('before')}.lock`, { recursive: true, force: true });
    const after = open(at('before'));
    expect(found(after)).toEqual(all);
    build(after);
    follow(after);
    expect(found(after)).toEqual(all);
    expect(reached(after)).toBe(10);
  });

  test('what cannot be read does not answer, and the place says so', () => {
    filled();
    for (const damage of ['cut', 'nonsense', 'gone', 'another layout'] as const) {
      if (damage === 'cut') truncateSync(at(), 5000);
      else if (damage === 'nonsense') writeFileSync(at(), 'nonsense'.repeat(4000));
      else if (damage === 'gone') rmSync(at());
      else {
        const database = openDatabase(engine, at());
        database.exec('DROP TABLE passages; CREATE TABLE passages (words)');
        database.close();
      }
      const files = open();
      const before = found(files);
      expect(before.length).toBeLessThanOrEqual(reached(files));
      for (let i = 0; i < 20; i++) {
        take(files.builder);
        take(files.follower);
        expect(found(files).length).toBeGreaterThanOrEqual(reached(files));
      }
      expect(files.isBuilding).toBe(false);
      expect(found(files)).toEqual(all);
      expect(reached(files)).toBe(10);
      close(files);
    }
  });

  test('a file that turns out damaged while it answers is built anew beside', () => {
    filled();
    const database = openDatabase(engine, at());
    const pages = database.prepare('PRAGMA page_size').get()!['page_size'] as number;
    const { rootpage } = database.prepare(`SELECT rootpage FROM sqlite_master WHERE name = 'passages_data'`).get()!;
    database.close();
    const bytes = readFileSync(at());
    bytes.fill(0xee, ((rootpage as number) - 1) * pages, (rootpage as number) * pages);
    writeFileSync(at(), bytes);
    rmSync(`${at()}.sum`, { force: true });
    const files = open();
    for (let i = 0; i < 40; i++) {
      expect(found(files).length).toBeGreaterThanOrEqual(reached(files));
      take(files.builder);
      take(files.follower);
    }
    expect(found(files)).toEqual(all);
  });

  test('words that were asked for are loaded again after the next start, without a question', () => {
    filled();
    const wasAsked = (): boolean => {
      const file = TextFile.existing(at(), engine, ledger.head)!;
      file.close();
      return file.words.wasAsked;
    };
    expect(wasAsked()).toBe(false);
    const files = open();
    while (files.loadWords());
    expect(files.match('heron', { k: 10, bm25: { k1: 1.2, b: 0.5 } })?.hits).toHaveLength(10);
    // Noted with the next batch, so that a node that is killed knows it too.
    ledger.add(space, someRows(1, 11, 4), { texts: ['a heron more'] });
    follow(files);
    const database = openDatabase(engine, at(), { readOnly: true });
    const noted = database.prepare(`SELECT 1 FROM meta WHERE name = 'asked'`).get();
    database.close();
    expect(noted).toBeDefined();
    close(files);
    expect(wasAsked()).toBe(true);
  });

  test('words of very many texts are looked for in the newest of them', () => {
    for (let i = 0; i < 10; i++)
      ledger.add(space, someRows(1, i + 1, 4), { texts: [`the heron ${i % 5 === 0 ? 'sings' : 'sleeps'}`] });
    follow(open());
    close(opened[0]!);
    const file = TextFile.existing(at(), engine, ledger.head, 4)!;
    const hits = (query: string, k = 10, allow?: Uint8Array): number[] =>
      file.search(query, k, allow).map(({ label }) => label);
    expect(hits('heron').sort()).toEqual([6, 7, 8, 9]);
    // All that sing, then of the herons the newest.
    expect(hits('the heron sings').sort()).toEqual([0, 5, 8, 9]);
    expect(hits('sings', 1)).toHaveLength(1);
    expect(hits('heron', 10, Uint8Array.of(0b0111_1111, 0))).toEqual([6]);
    file.close();
  });

  test('a file of another life of the store does not answer', () => {
    filled();
    ledger = new Ledger();
    ledger.epoch = 'second';
    ledger.add(space, someRows(1, 3, 4), { texts: ['no bird'] });
    const files = open();
    expect(files.isBuilding).toBe(false);
    expect(found(files)).toEqual([]);
    follow(files);
    expect(found(files, 'bird')).toEqual([0]);
  });
});
