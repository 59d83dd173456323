import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { utf8 } from '@cosmicembeddings/sdk';
import { createVerifyPool, type VerifyPool } from '../../src/door/verify-pool.js';
import { makeBlock } from '../../src/testing/index.js';

let pool: VerifyPool;
beforeAll(async () => {
  pool = await createVerifyPool({ network: 'dev', plugins: [], workers: 2, verifier: 'auto' });
});
afterAll(() => pool.close());

/** A version-1 text whose signature fits none of its eight readings: the dearest block that there is. */
const dear = (n: number): Uint8Array => {
  const late = '"id":"a","created_by":"b","cosmo_hash":"d","cosmic_hash":"f"';
  const key = Buffer.alloc(32, 9).toString('base64');
  const signature = Buffer.alloc(64, 3).toString('base64');
  return utf8(
    `{${late},"x":[${'0.12345678901234567,'.repeat(40_000)}${n}],"signature":"${signature}","public_key":"${key}"}`,
  );
};

test('small blocks go by dear ones, which all get their verdict', async () => {
  const order: string[] = [];
  const dears = Array.from({ length: 6 }, async (_, n) => {
    expect(await pool.check(dear(n))).toMatchObject({ code: 'block.bad_signature' });
    order.push('dear');
  });
  const smalls = Array.from({ length: 600 }, async (_, n) => {
    await pool.check(makeBlock(n));
    order.push('small');
  });
  await Promise.all([...dears, ...smalls]);
  expect(order).toHaveLength(606);
  // In the order in which they came, all dear ones would be first.
  expect(order.slice(0, 300).filter((one) => one === 'dear').length).toBeLessThan(4);
});

test('dear ones alone do not wait for anybody', async () => {
  const verdicts = await Promise.all([0, 1, 2].map((n) => pool.check(dear(n))));
  expect(verdicts.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected']);
});
