import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Source } from '@cosmicembeddings/sdk';
import { createBuckets } from '../../src/door/buckets.js';
import { createBudgets, defaultBudgets, parseBudgets, type BudgetOptions } from '../../src/door/budgets.js';

const DAY_MS = 86_400_000;
const MiB = 2 ** 20;

describe('token buckets', () => {
  test('an allowance comes back evenly, and says when there is enough of it', () => {
    const buckets = createBuckets();
    const allowance = { blocks: 4, perMs: 1000 };
    const one = { blocks: 1, bytes: 10 };
    for (let i = 0; i < 4; i++) {
      expect(buckets.lacks('a', allowance, one, 0)).toBeUndefined();
      buckets.take('a', allowance, one, 0);
    }
    expect(buckets.lacks('a', allowance, one, 0)).toEqual({ of: 'blocks', limit: 4, perMs: 1000, retryAtMs: 250 });
    expect(buckets.lacks('a', allowance, one, 249)).toMatchObject({ retryAtMs: 250 });
    expect(buckets.lacks('a', allowance, one, 250)).toBeUndefined();
    expect(buckets.lacks('b', allowance, one, 0)).toBeUndefined();
    // A clock that goes back gives nothing.
    expect(buckets.lacks('a', allowance, one, -5000)).toBeDefined();
    expect(buckets.lacks('c', allowance, { blocks: 5, bytes: 0 }, 0)).toEqual({ of: 'blocks', limit: 4, perMs: 1000 });
  });

  test('in no stretch of time is more taken than the allowance twice, whatever is asked when', () => {
    fc.assert(
      fc.property(
        fc.array(fc.record({ waitMs: fc.nat(500), bytes: fc.integer({ min: 1, max: 90 }) }), { maxLength: 200 }),
        (asks) => {
          const buckets = createBuckets();
          const allowance = { bytes: 100, perMs: 1000 };
          const taken: { atMs: number; bytes: number }[] = [];
          let nowMs = 0;
          for (const { waitMs, bytes } of asks) {
            nowMs += waitMs;
            const cost = { blocks: 1, bytes };
            const lack = buckets.lacks('a', allowance, cost, nowMs);
            if (lack !== undefined) {
              expect(buckets.lacks('a', allowance, cost, lack.retryAtMs!)).toBeUndefined();
              continue;
            }
            buckets.take('a', allowance, cost, nowMs);
            taken.push({ atMs: nowMs, bytes });
          }
          for (const { atMs } of taken) {
            const within = taken.filter((one) => one.atMs >= atMs && one.atMs < atMs + 1000);
            expect(within.reduce((sum, one) => sum + one.bytes, 0)).toBeLessThanOrEqual(200);
          }
        },
      ),
    );
  });

  test('accounts are bounded', () => {
    const buckets = createBuckets(3);
    const allowance = { blocks: 1, perMs: 1000 };
    for (const key of ['a', 'b', 'c', 'd']) buckets.take(key, allowance, { blocks: 1, bytes: 0 }, 0);
    expect(
      ['a', 'b', 'c', 'd'].map((key) => buckets.lacks(key, allowance, { blocks: 1, bytes: 0 }, 0) === undefined),
    ).toEqual([true, false, false, false]);
  });
});

describe('budgets by default', () => {
  const from = (address: string): Source => ({ type: 'http', from: address });
  const here: Source = { type: 'http', from: '127.0.0.1', trusted: true };
  const block = (author: string, inert = false) => ({
    entry: {
      author,
      kind: 'k/1',
      timeMs: 0,
      tags: [],
      links: [],
      refs: [],
      rows: 0,
      ...(inert ? { inert: { code: 'kind.unknown', detail: '' } } : {}),
    },
  });
  const keeper = (more: Partial<BudgetOptions> = {}) =>
    createBudgets({ budgets: defaultBudgets, knownSince: async () => undefined, ...more });
  /** Blocks of 4 MiB that are taken before one is refused, and why that was. */
  async function fill(
    next: (n: number) => { author: string; source: Source; inert?: boolean },
    budgets = keeper(),
  ): Promise<{ taken: number; rule: string | undefined; retryAtMs: number | undefined }> {
    for (let taken = 0; taken < 6000; taken++) {
      const { author, source, inert } = next(taken);
      const refusal = await budgets.charge(block(author, inert), 4 * MiB, source, 0);
      if (refusal !== undefined) {
        expect(refusal.detail).toMatch(/bytes in a day; come back at 1970-01-/);
        return { taken, rule: refusal.rule, retryAtMs: refusal.retryAtMs };
      }
    }
    return { taken: Infinity, rule: undefined, retryAtMs: undefined };
  }

  test('a stranger’s new key gets 64 MiB, all new keys together 1 GiB, one address 1 GiB', async () => {
    expect(await fill(() => ({ author: 'a', source: from('192.0.2.1') }))).toMatchObject({
      taken: 16,
      rule: 'budgets.newAuthor.bytes',
      retryAtMs: DAY_MS / 16,
    });
    expect(await fill((n) => ({ author: `a${n}`, source: from(`192.0.2.${n}`) }))).toMatchObject({
      taken: 256,
      rule: 'budgets.newAuthors.bytes',
    });
    const old = keeper({ knownSince: async () => -2 * DAY_MS });
    expect(await fill((n) => ({ author: `a${n}`, source: from('192.0.2.1') }), old)).toMatchObject({
      taken: 256,
      rule: 'budgets.source.bytes',
    });
    const again = keeper({ knownSince: async () => -2 * DAY_MS });
    expect(await fill((n) => ({ author: `a${n}`, source: from(`a${n}`) }), again)).toMatchObject({
      taken: 2048,
      rule: 'budgets.all.bytes',
    });
  });

  test('what nobody here can read gets 256 MiB, from whomever', async () => {
    for (const source of [
      here,
      from('192.0.2.1'),
      { type: 'peer', peer: 'p', trusted: true },
      { type: 'own' },
    ] as Source[])
      expect(await fill((n) => ({ author: `a${n}`, source, inert: true }))).toMatchObject({
        taken: 64,
        rule: 'budgets.unread.bytes',
      });
  });

  test('an operator’s own import is no stranger’s', async () => {
    expect((await fill(() => ({ author: 'a', source: here }))).taken).toBe(4096);
    expect(await fill((n) => ({ author: `a${n}`, source: here }))).toMatchObject({
      rule: 'budgets.ownNewAuthors.bytes',
    });
  });

  test('a source that is overdrawn is told so before its block is looked at; a refused block is charged to nobody', async () => {
    const budgets = keeper();
    const source = from('192.0.2.1');
    for (let n = 0; n < 16; n++) await budgets.charge(block('a'), 4 * MiB, source, 0);
    for (let n = 0; n < 500; n++) expect(await budgets.charge(block('a'), 4 * MiB, source, 0)).toBeDefined();
    expect(budgets.sourceLacks(source, 4 * MiB, 0)).toBeUndefined();
    for (let n = 0; n < 240; n++) await budgets.charge(block(`b${n}`), 4 * MiB, source, 0);
    expect(budgets.sourceLacks(source, 4 * MiB, 0)).toMatchObject({ rule: 'budgets.source.bytes' });
    expect(budgets.sourceLacks(from('192.0.2.2'), 4 * MiB, 0)).toBeUndefined();
  });

  test('an API key has its own', async () => {
    const budgets = keeper({
      keyAllowance: (key) => (key === 'ci' ? { blocks: 2, perMs: DAY_MS } : undefined),
      knownSince: async () => -2 * DAY_MS,
    });
    const source: Source = { type: 'http', from: '192.0.2.1', key: 'ci' };
    for (let n = 0; n < 2; n++) expect(await budgets.charge(block('a'), 10, source, 0)).toBeUndefined();
    expect(await budgets.charge(block('a'), 10, source, 0)).toMatchObject({ rule: 'keys.blocks' });
  });

  test.each([
    [{ author: 5 }],
    [{ authors: {} }],
    [{ source: { bytes: 0 } }],
    [{ source: { mb: 1 } }],
    [{ newMs: -1 }],
    [[]],
  ])('refuses %j', (value) => expect(() => parseBudgets(value)).toThrow('config.malformed'));
  test('what is left out stays as it is', () => {
    expect(parseBudgets({ source: { bytes: 5 } })).toEqual({ ...defaultBudgets, source: { bytes: 5, perMs: DAY_MS } });
  });
});
