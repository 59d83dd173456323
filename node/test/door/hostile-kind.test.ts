import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, expect, test } from '@jest/globals';
import { createBlock, createRegistry, sha256, signerOfSeed, utf8, type Plugin } from '@cosmicembeddings/sdk';
import { createSky } from '@cosmicembeddings/sdk/sky';
import { createVerifyPool, type VerifyPool } from '../../src/door/verify-pool.js';

const path = fileURLToPath(new URL('hostile-kind.mjs', import.meta.url));
const names = ['hostile.example/1', 'calm.example/1'] as const;
const registry = createRegistry([
  {
    name: 'harmless',
    views: [],
    kinds: names.map((name) => ({
      name,
      maxBytes: 4096,
      schema: {},
      parse: (_: unknown, body: unknown) => ({ ok: true, body }),
    })),
  } as unknown as Plugin,
]);
const sky = createSky();
let salts = 0;
const blockOf = async (says: string, kind: string = names[0]): Promise<Uint8Array> =>
  (
    await createBlock(
      { kind, fields: { says }, timeMs: Date.UTC(2026, 4, 1) + salts },
      {
        signer: signerOfSeed(sha256(utf8('hostile'))),
        network: 'dev',
        registry,
        sky,
        salt: () => sha256(Uint8Array.of(salts++ & 255, 7)).slice(0, 16),
      },
    )
  ).wire;

let pool: VerifyPool | undefined;
afterEach(async () => {
  await pool?.close();
  pool = undefined;
});

const malformed = { status: 'checked', entry: { inert: { code: 'kind.malformed' } } };

test('a block that its kind throws at is inert; those beside it are taken', async () => {
  pool = await createVerifyPool({ network: 'dev', plugins: [path], workers: 1, verifier: 'auto' });
  const words = ['a', 'throw', 'b', 'throw later', 'c'];
  const verdicts = await Promise.all(words.map(async (says) => pool!.check(await blockOf(says))));
  expect(verdicts).toMatchObject([
    { status: 'checked' },
    malformed,
    { status: 'checked' },
    malformed,
    { status: 'checked' },
  ]);
  expect(verdicts.filter((one) => one.status === 'checked' && one.entry.inert === undefined)).toHaveLength(3);
});

test('a worker that cannot be started again leaves its blocks to the others, and is told of; without any, that is told', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'cosmic-gone-'));
  try {
    const gone = join(folder, 'gone.mjs');
    copyFileSync(path, gone);
    // Without its module no thread that ends is started again: it ends at what hangs.
    for (const workers of [2, 1]) {
      copyFileSync(path, gone);
      pool = await createVerifyPool({ network: 'dev', plugins: [gone], workers, verifier: 'auto', hangMs: 400 });
      expect(pool.fault()).toBeUndefined();
      rmSync(gone);
      const hang = pool.check(await blockOf('hang')).catch((error: unknown) => error);
      while (pool.fault() === undefined) await new Promise((done) => setTimeout(done, 50));
      if (workers === 2) {
        // The other one goes on.
        expect(pool.fault()).toMatchObject({ stopped: false });
        expect(pool.fault()!.detail).toContain('blocks are checked by 1 of 2 threads');
        expect(await pool.check(await blockOf('a'))).toMatchObject({ status: 'checked' });
        await hang;
      } else {
        expect(pool.fault()).toMatchObject({ stopped: true });
        expect(pool.fault()!.detail).toContain('blocks are not checked any more');
        await expect(pool.check(await blockOf('a'))).rejects.toThrow('cannot be loaded');
      }
      await pool.close();
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test('a block at which its kind never ends is kept unread, and its kind is not asked again', async () => {
  const barred: string[] = [];
  const options = { network: 'dev', plugins: [path], verifier: 'auto', hangMs: 1_000 } as const;
  pool = await createVerifyPool({ ...options, workers: 2, onBarred: (kind) => void barred.push(kind) });
  const hangs = await Promise.all(['hang', 'hang', 'hang'].map((says) => blockOf(says)));
  const others = await Promise.all(Array.from({ length: 150 }, (_, n) => blockOf(`${n}`, names[1])));
  const wires = [...others.slice(0, 20), ...hangs, ...others.slice(20)];
  const verdicts = await Promise.all(wires.map((wire) => pool!.check(wire)));
  expect(barred).toEqual([names[0]]);
  expect(verdicts.map(({ status }) => status)).toEqual(wires.map(() => 'checked'));
  const inert = verdicts.filter((one) => one.status === 'checked' && one.entry.inert !== undefined);
  expect(inert).toHaveLength(hangs.length);
  expect(await pool.check(await blockOf('calm', names[1]))).toMatchObject({
    status: 'checked',
    entry: { kind: names[1] },
  });
}, 60_000);
