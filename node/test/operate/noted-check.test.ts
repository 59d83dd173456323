import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, expect, test } from '@jest/globals';
import { createClient } from '@cosmicembeddings/sdk/api';
import { createLog, createNode, loadConfig, type RunningNode } from '../../src/index.js';
import { checkNotes, noteCheck, notedCheck } from '../../src/operate/noted-check.js';
import { openDatabase } from '../../src/store/sqlite/driver.js';
import { blockOf } from '../http/node.ts';

const folder = mkdtempSync(join(tmpdir(), 'cosmic-looked-'));
const bin = new URL('../../bin/cosmic-node.js', import.meta.url).pathname;
let node: RunningNode | undefined;
afterEach(() => node?.close());
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('what fsck finds beside a running node stands in its metrics and notes until another look finds nothing', async () => {
  const config = await loadConfig({ data: folder, port: 0, log: 'silent', verifyWorkers: 1, home: [] });
  node = await createNode(config, createLog('silent'));
  const operator = createClient({ url: node.url, token: readFileSync(join(folder, 'token'), 'utf8').trim() });
  const seen = async (): Promise<readonly string[]> => {
    const [text, { notes }] = [await operator.metrics(), await operator.status()];
    return [/^cosmic_fsck_findings (\S+)/m.exec(text)![1]!, ...notes.filter((note) => note.startsWith('fsck of'))];
  };
  await operator.publish([(await blockOf(['a kiln'])).wire]);
  expect(await seen()).toEqual(['Nan']);
  const database = openDatabase(
    config.store === 'auto' ? 'better-sqlite3' : config.store,
    join(folder, 'store.sqlite'),
  );
  const { body } = database.prepare('SELECT body FROM bytes').get() as { body: Uint8Array };
  database.prepare('UPDATE bytes SET body = ?').run(body.map((byte, i) => (i === 40 ? byte ^ 1 : byte)));
  database.close();
  expect(spawnSync(process.execPath, [bin, 'fsck', '--data', folder]).status).toBe(1);
  const [findings, note] = await seen();
  expect(Number(findings)).toBeGreaterThan(0);
  expect(note).toContain(`found ${findings} faults: cosmic fsck names them`);
  noteCheck(folder, { atMs: Date.now(), blocks: 1, findings: 0 });
  expect(await seen()).toEqual(['0']);
}, 240_000);

test('what cannot be read of it is as if nobody had looked', () => {
  for (const text of ['', '{', '{"atMs":1,"blocks":2}', '[]']) {
    writeFileSync(join(folder, 'fsck.json'), text);
    expect(checkNotes(notedCheck(folder))).toEqual([]);
    expect(notedCheck(folder)).toBeUndefined();
  }
});
