import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { Worker } from 'node:worker_threads';
import { afterAll, afterEach, expect, test } from '@jest/globals';
import { openDatabase } from '../../../src/store/sqlite/driver.js';
import { watchLocksOf } from '../../../src/store/sqlite/wasm-locks.js';

const folder = mkdtempSync(join(tmpdir(), 'cosmic-wasm-locks-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const workers: Worker[] = [];
afterEach(async () => void (await Promise.all(workers.splice(0).map((worker) => worker.terminate()))));

const driver = join(dirname(fileURLToPath(import.meta.url)), '../../../dist/store/sqlite/driver.js');
const script = join(folder, 'holder.mjs');
writeFileSync(
  script,
  `import { parentPort, workerData } from 'node:worker_threads';
import { openDatabase } from ${JSON.stringify(pathToFileURL(driver).href)};
const database = openDatabase('wasm', workerData.path);
database.exec('BEGIN IMMEDIATE');
database.exec('INSERT INTO things VALUES (2)');
parentPort.postMessage('holds');
const until = Date.now() + workerData.forMs;
while (Date.now() < until);
database.exec('COMMIT');
database.close();`,
);

async function heldFor(name: string, forMs: number) {
  const path = join(folder, name);
  const database = openDatabase('wasm', path);
  database.exec('CREATE TABLE things (id INTEGER); INSERT INTO things VALUES (1)');
  const worker = new Worker(script, { workerData: { path, forMs } });
  workers.push(worker);
  watchLocksOf(worker);
  const exited = new Promise((resolve) => worker.once('exit', resolve));
  await new Promise((resolve, reject) => worker.once('message', resolve).once('error', reject));
  return { path, database, worker, exited };
}

test('a thread that is ended within a transaction leaves no file locked for ever', async () => {
  const { path, database, worker, exited } = await heldFor('ended', 3_600_000);
  expect(existsSync(`${path}.lock`)).toBe(true);
  await worker.terminate();
  await exited;
  expect(existsSync(`${path}.lock`)).toBe(true);
  expect(database.prepare('SELECT id FROM things').all()).toEqual([{ id: 1 }]);
  database.close();
  expect(existsSync(`${path}.lock`)).toBe(false);
}, 30_000);

test('a lock that a living thread has is waited for, however long the transaction takes', async () => {
  const { database, exited } = await heldFor('alive', 1500);
  expect(database.prepare('SELECT id FROM things ORDER BY id').all()).toEqual([{ id: 1 }, { id: 2 }]);
  database.close();
  await exited;
}, 30_000);
