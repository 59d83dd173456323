import { Worker } from 'node:worker_threads';
import { CosmicError } from '@cosmicembeddings/sdk';
import { expect, test } from '@jest/globals';
import { faultOfWorker } from '../../../src/store/sqlite/driver.js';

/** What `error` brings of a worker that throws this. */
async function thrownIn(error: string): Promise<unknown> {
  const worker = new Worker(`throw ${error}`, { eval: true });
  return new Promise((resolve) => void worker.once('error', resolve));
}

test('an error of ours keeps its code on the way between threads', async () => {
  const fault = faultOfWorker(
    await thrownIn(`Object.assign(new Error('x'), { code: 'config.malformed', detail: 'plugins: none' })`),
  );
  expect(fault).toMatchObject({ code: 'config.malformed', detail: 'plugins: none' });
});

test.each([
  ['database disk image is malformed', 'store.corrupt'],
  ['malformed database schema (blocks)', 'store.corrupt'],
  ['database or disk is full', 'node.storage_full'],
])('what SQLite says, %s, is %s', async (message, code) => {
  const fault = faultOfWorker(await thrownIn(`new Error(${JSON.stringify(message)})`));
  expect(fault).toBeInstanceOf(CosmicError);
  expect(fault).toMatchObject({ code });
});

test('a plug-in that calls a block malformed has damaged no store', async () => {
  const fault = faultOfWorker(await thrownIn(`new Error('malformed vote')`));
  expect(fault).not.toBeInstanceOf(CosmicError);
});
