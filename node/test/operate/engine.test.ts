import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from '@jest/globals';

const bin = fileURLToPath(new URL('../../bin/cosmic-node.js', import.meta.url));
/** A machine whose compiled SQLite is of another Node, and an engine that warns all the time, in each thread. */
const machine = `
const Module = require('node:module');
const load = Module._load;
Module._load = function (name, ...rest) {
  if (name === 'better-sqlite3') throw new Error('it was compiled against a different Node.js version\\nusing MODULE_VERSION 1');
  return load.call(this, name, ...rest);
};
setInterval(() => process.emitWarning('this may change', 'ExperimentalWarning'), 100).unref();
`;
let folder: string;
let child: ChildProcess | undefined;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'cosmic-engine-'));
  writeFileSync(join(folder, 'machine.cjs'), machine);
});
afterEach(async () => {
  if (child !== undefined && child.exitCode === null) {
    const ended = new Promise((resolve) => child!.once('exit', resolve));
    child.kill('SIGKILL');
    await ended;
  }
  rmSync(folder, { recursive: true, force: true });
});

test('why a slower store is used is said, and warnings of the engine are lines of the log', async () => {
  child = spawn(process.execPath, [bin, 'start', '--data', join(folder, 'data'), '--port', '0'], {
    env: { ...process.env, NODE_OPTIONS: `--require ${join(folder, 'machine.cjs')}` },
  });
  let [told, log] = ['', ''];
  const isThere = (): boolean => told.includes('\n') && log.includes('"warning":"ExperimentalWarning"');
  await new Promise<void>((resolve, reject) => {
    const look = (): void => {
      if (isThere()) resolve();
    };
    child!.stdout!.on('data', (part) => {
      told += String(part);
      look();
    });
    child!.stderr!.on('data', (part) => {
      log += String(part);
      look();
    });
    child!.once('exit', () => reject(new Error(log)));
  });
  // The engine of this test warns before there is a log, too.
  const lines = log
    .slice(0, log.lastIndexOf('\n'))
    .split('\n')
    .filter((line) => line.startsWith('{'));
  const said = lines.map((line) => JSON.parse(line) as { store?: string; warning?: string; msg: string });
  expect(said.find(({ store }) => store !== undefined)!.msg).toMatch(
    /^the store runs on .+, which is slower: better-sqlite3 does not load \(it was compiled against a different Node\.js version\); npm rebuild better-sqlite3$/,
  );
  expect(said).toContainEqual(expect.objectContaining({ warning: 'ExperimentalWarning', msg: 'this may change' }));
});
