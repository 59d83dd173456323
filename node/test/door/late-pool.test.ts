import { expect, test } from '@jest/globals';
import { createLatePool } from '../../src/door/late-pool.js';
import { createVerifyPool, type VerifyPool } from '../../src/door/verify-pool.js';
import { makeBlock } from '../../src/testing/index.js';

const open = (): Promise<VerifyPool> => createVerifyPool({ network: 'dev', plugins: [], workers: 1, verifier: 'auto' });

test('threads start with the first block, once for all that come meanwhile', async () => {
  let opened = 0;
  const pool = createLatePool(() => (opened++, open()), 'sodium');
  try {
    expect([pool.verifier, pool.fault(), opened]).toEqual(['sodium', undefined, 0]);
    const verdicts = await Promise.all([0, 1, 2].map((n) => pool.check(makeBlock(n))));
    // Three verdicts: these blocks lack a sky.
    expect(verdicts.map((one) => 'code' in one && one.code)).toEqual([
      'sky.malformed',
      'sky.malformed',
      'sky.malformed',
    ]);
    await pool.begin();
    expect(opened).toBe(1);
  } finally {
    await pool.close();
  }
  await expect(pool.check(makeBlock(4))).rejects.toThrow('closed');
});

test('a start that fails is a fault while it lasts, and is tried again with the next block', async () => {
  let isShort = true;
  const pool = createLatePool(() => (isShort ? Promise.reject(new Error('no memory for a thread')) : open()), 'node');
  try {
    await pool.begin();
    expect(pool.fault()).toMatchObject({ stopped: true, detail: expect.stringContaining('no memory for a thread') });
    await expect(pool.check(makeBlock(1))).rejects.toThrow('no memory');
    isShort = false;
    expect(await pool.check(makeBlock(1))).toMatchObject({ code: 'sky.malformed' });
    expect(pool.fault()).toBeUndefined();
  } finally {
    await pool.close();
  }
});

test('one that never began has nothing to close, and begins no more', async () => {
  let opened = 0;
  const pool = createLatePool(() => (opened++, open()), 'node');
  await pool.close();
  await pool.begin();
  expect(opened).toBe(0);
});
