import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from '@jest/globals';
import { createManualClock } from '@cosmicembeddings/sdk/memory';
import { openSqlite, storeFile } from '../../src/store/sqlite/index.js';
import { loadConfig } from '../../src/index.js';
import { planInWorker, startRetention } from '../../src/operate/retain.js';
import type { RetentionPlan } from '../../src/operate/retention.js';
import { signedBlock } from '../store/signed-blocks.ts';

const home = mkdtempSync(join(tmpdir(), 'cosmic-retain-'));
afterAll(() => rmSync(home, { recursive: true, force: true }));

test('a running store forgets what the rules give up, round after round, and goes on after a round that failed', async () => {
  const folder = join(home, 'data');
  const parts = await openSqlite({ folder, network: 'dev', node: 'did:key:zRetain' });
  const blocks = await Promise.all([0, 1, 2, 3].map((i) => signedBlock(i, undefined, i === 1 ? ['keep'] : [])));
  await parts.store.put(blocks.map((block, i) => ({ block, firstSeenMs: 1000 + i * 100 })));
  const ended = new AbortController();
  const clock = createManualClock({ startMs: 1250 });
  let tell: (what: RetentionPlan | unknown) => void = () => undefined;
  const next = (): Promise<unknown> => new Promise((resolve) => (tell = resolve));
  let isBroken = false;
  const round = next();
  const retention = startRetention({
    rules: { maxAgeMs: 200, keepTags: ['keep'] },
    clock,
    everyMs: 100,
    plan: (rules, nowMs) => {
      if (isBroken) return Promise.reject(new Error('no plan today'));
      return planInWorker({ path: storeFile(folder), engine: parts.engine, rules, nowMs });
    },
    erase: (ids, reason) => parts.store.erase(ids, reason),
    onErased: (plan) => tell(plan),
    onError: (error) => tell(error),
  });
  const erased = async (): Promise<(string | undefined)[]> =>
    (await parts.store.get(blocks.map(({ id }) => id))).map((block) => block?.erased);
  // Which moment a sleep begins at is the loop's own affair: the clock is moved when it sleeps.
  const asleep = async (): Promise<void> => {
    while (clock.waiting === 0 && !ended.signal.aborted) await new Promise((resolve) => setImmediate(resolve));
  };

  // Whatever fails: threads that go on would keep the test runner waiting.
  try {
    expect(await round).toMatchObject({ erase: [{ id: blocks[0]!.id, reason: 'retention' }] });
    expect(await erased()).toEqual(['retention', undefined, undefined, undefined]);

    await asleep();
    isBroken = true;
    const broken = next();
    await clock.advance(100);
    expect(await broken).toMatchObject({ message: 'no plan today' });

    await asleep();
    isBroken = false;
    const after = next();
    await clock.advance(100);
    expect(await after).toMatchObject({ erase: [{ id: blocks[2]!.id }] });
    expect(await erased()).toEqual(['retention', undefined, 'retention', undefined]);
  } finally {
    ended.abort();
    await retention.close();
    await parts.close();
  }
}, 30_000);

test('rules stand in the settings, and are refused by name when they make no sense', async () => {
  const retention = { maxAgeMs: 1000 };
  expect((await loadConfig({ data: home, retention })).retention).toEqual(retention);
  expect((await loadConfig({ data: home })).retention).toBeUndefined();
  await expect(loadConfig({ data: home, retention: { maxage: 1 } })).rejects.toMatchObject({
    code: 'config.malformed',
  });
  // A word in a place of a switch is neither on nor off.
  await expect(loadConfig({ data: home, guard: 'false' })).rejects.toMatchObject({ code: 'config.malformed' });
  expect((await loadConfig({ data: home, guard: false })).guard).toBe(false);
});
