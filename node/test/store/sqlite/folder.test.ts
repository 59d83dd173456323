import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from '@jest/globals';
import { loadableEngines, openDatabase } from '../../../src/store/sqlite/driver.js';
import { openSqlite, storeFile } from '../../../src/store/sqlite/index.js';
import { lockFolder } from '../../../src/store/sqlite/lock.js';
import { testUnless } from '../../../../sdk/test/skipping.ts';

const home = mkdtempSync(join(tmpdir(), 'cosmic-folder-'));
afterAll(() => rmSync(home, { recursive: true, force: true }));
let folders = 0;
const newFolder = (): string => {
  const folder = join(home, String(++folders));
  mkdirSync(folder);
  return folder;
};

describe('lock', () => {
  const taken =
    (folder: string): (() => void) =>
    () =>
      lockFolder(folder)();

  test('says who holds the folder, and is gone when given back', () => {
    const folder = newFolder();
    const unlock = lockFolder(folder);
    expect(taken(folder)).toThrow(new RegExp(`store\\.locked.*process ${process.pid} on ${hostname()}`));
    unlock();
    expect(existsSync(join(folder, 'lock'))).toBe(false);
    lockFolder(folder)();
  });

  test('of a dead process is taken over', () => {
    const folder = newFolder();
    const { pid } = spawnSync(process.execPath, ['-e', '0']);
    writeFileSync(join(folder, 'lock'), JSON.stringify({ pid, host: hostname(), startedAt: 'then' }));
    const unlock = lockFolder(folder);
    expect(JSON.parse(readFileSync(join(folder, 'lock'), 'utf8'))).toMatchObject({ pid: process.pid });
    unlock();
  });

  testUnless(
    existsSync('/proc/self/stat') ? undefined : 'no /proc here: processes with the same number are not told apart',
  )('of an earlier process with the same number is taken over', () => {
    const folder = newFolder();
    writeFileSync(
      join(folder, 'lock'),
      JSON.stringify({ pid: process.pid, host: hostname(), startedAt: 'then', ticks: '1' }),
    );
    lockFolder(folder)();
  });

  test('of another host is respected, and the way out named', () => {
    const folder = newFolder();
    writeFileSync(join(folder, 'lock'), JSON.stringify({ pid: 1, host: 'elsewhere', startedAt: 'then' }));
    expect(taken(folder)).toThrow(/store\.locked.*elsewhere.*remove/);
  });

  test('of a container that was killed and has another host name now is taken over: the kernel has freed it', () => {
    const folder = newFolder();
    const lock = new URL('../../../dist/store/sqlite/lock.js', import.meta.url).href;
    const hold = `import { lockFolder } from ${JSON.stringify(lock)}; lockFolder(${JSON.stringify(folder)});`;
    const holder = spawnSync(process.execPath, [
      '--input-type=module',
      '-e',
      `${hold} process.kill(process.pid, 'SIGKILL')`,
    ]);
    expect(holder.signal).toBe('SIGKILL');
    const left = JSON.parse(readFileSync(join(folder, 'lock'), 'utf8')) as object;
    writeFileSync(join(folder, 'lock'), JSON.stringify({ ...left, pid: 1, host: 'c0ffee01' }));
    const unlock = lockFolder(folder);
    // And while this process has it no other takes it, whatever the file says.
    writeFileSync(join(folder, 'lock'), JSON.stringify({ ...left, pid: 1, host: 'c0ffee02' }));
    const other = spawnSync(process.execPath, ['--input-type=module', '-e', hold], { encoding: 'utf8' });
    expect(other.stderr).toMatch(/store\.locked.*c0ffee02/);
    unlock();
  });

  test('with nonsense in it is taken over', () => {
    const folder = newFolder();
    writeFileSync(join(folder, 'lock'), '{"pid":');
    const unlock = lockFolder(folder);
    expect(JSON.parse(readFileSync(join(folder, 'lock'), 'utf8'))).toMatchObject({ pid: process.pid });
    unlock();
  });
});

describe.each(loadableEngines())('a data folder, %s', (engine) => {
  const identity = { network: 'dev', node: 'did:key:zOne', engine };

  test('opens again with what it held; another node, network or a newer version is refused', async () => {
    const folder = newFolder();
    const first = await openSqlite({ folder, ...identity });
    const { epoch } = await first.store.head();
    await expect(openSqlite({ folder, ...identity })).rejects.toMatchObject({ code: 'store.locked' });
    await first.close();
    await expect(openSqlite({ folder, ...identity, node: 'did:key:zTwo' })).rejects.toMatchObject({
      code: 'store.foreign',
    });
    await expect(openSqlite({ folder, ...identity, network: '' })).rejects.toMatchObject({ code: 'store.foreign' });
    const again = await openSqlite({ folder, ...identity });
    expect((await again.store.head()).epoch).toBe(epoch);
    await again.close();

    const database = openDatabase(engine, storeFile(folder));
    database.exec(`UPDATE meta SET value = '99' WHERE name = 'version'`);
    database.close();
    await expect(openSqlite({ folder, ...identity })).rejects.toMatchObject({ code: 'store.too_new' });
    expect(existsSync(join(folder, 'lock'))).toBe(false);
  });

  test('with something else in the store’s place says so', async () => {
    const folder = newFolder();
    writeFileSync(storeFile(folder), 'this is no database, however long the text may be. '.repeat(100));
    await expect(openSqlite({ folder, ...identity })).rejects.toMatchObject({ code: 'store.corrupt' });
  });
});

test('an engine that is not there is named', async () => {
  await expect(
    openSqlite({ folder: newFolder(), network: 'dev', node: 'x', engine: 'oracle' as never }),
  ).rejects.toMatchObject({ code: 'config.malformed' });
});

describe('files', () => {
  test.each(loadableEngines())('of a store are for their owner alone, old ones too (%s)', async (engine) => {
    const folder = newFolder();
    const open = () => openSqlite({ folder, engine, network: 'dev', node: 'did:key:z' });
    // The lock of the WebAssembly engine is an empty folder that comes and goes.
    const holdsNothing = (name: string): boolean => name.endsWith('.lock');
    const modes = (): string[] =>
      readdirSync(folder)
        .filter((name) => name.includes('.sqlite') && !holdsNothing(name))
        .map((name) => `${name} ${(statSync(join(folder, name)).mode & 0o777).toString(8)}`);
    const first = await open();
    expect(modes().filter((line) => !line.endsWith(' 600'))).toEqual([]);
    expect(modes().some((line) => line.startsWith('store.sqlite '))).toBe(true);
    await first.close();
    chmodSync(storeFile(folder), 0o644);
    const again = await open();
    expect(modes().filter((line) => !line.endsWith(' 600'))).toEqual([]);
    await again.close();
  });
});
