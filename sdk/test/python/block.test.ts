import { describe, expect, test } from '@jest/globals';
import { utf8 } from '../../src/bytes.js';
import { checkAny, contentOf } from '../../src/formats/index.js';
import { sha256, verify } from '../../src/crypto/index.js';
import { limits } from '../../src/limits.js';
import { createRegistry } from '../../src/kinds/index.js';
import { corePlugins } from '../../src/plugins/index.js';
import { sharedText } from '../shared-data.ts';

const blocks = sharedText('python-sdk/signed_blocks.jsonl');
const registry = createRegistry(corePlugins);
const checks = { network: 'dev', registry, verify, sha256, sky: { check: () => ({ ok: true }) as const } };

(blocks === undefined ? describe.skip : describe)('blocks signed by the Python SDK’s rules', () => {
  // Jest runs the body of a skipped describe too.
  const vectors = (blocks ?? '')
    .trim()
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as { block_json: string; valid: boolean; why: string });

  test.each(vectors.map((vector) => [vector.why.slice(0, 60), vector] as const))('%s', (_, vector) => {
    const outcome = checkAny(utf8(vector.block_json), checks);
    expect(outcome.status).toBe(vector.valid ? 'checked' : 'rejected');
    if (outcome.status !== 'checked') return;
    expect(outcome.id).toMatch(/^bafkrei[a-z2-7]{52}$/);
    expect(outcome.entry.author).toMatch(/^did:key:z6Mk/);
    const content = contentOf(outcome, registry);
    expect(content.vectors?.stored.rows ?? 0).toBe(outcome.entry.rows);
  });

  test('re-spacing the text gives the same id', () => {
    const { block_json } = vectors.find((vector) => vector.why.startsWith('plain block'))!;
    const [a, b] = [block_json, block_json.replaceAll('", "', '" ,\n "')].map((text) => checkAny(utf8(text), checks));
    expect(a!.status === 'checked' && b!.status === 'checked' && a!.id === b!.id).toBe(true);
  });
});

test('a known model’s unit rows are in its space; the name alone is not enough', async () => {
  const { Signer, PyFloat, PyInt, dumps } = await import('../../src/python/index.js');
  const signer = Signer.fromSeed(new Uint8Array(32).fill(3));
  const spaceOf = (rows: number[][], name: string): string | undefined => {
    const block = signer.signBlock(
      new Map<string, never>([
        ['version', '1.0'],
        ['timestamp', new PyInt(1n)],
        [
          'model',
          new Map<string, unknown>([
            ['name', name],
            ['dimensions', new PyInt(BigInt(rows[0]!.length))],
          ]),
        ],
        ['embeddings', rows.map((row) => row.map((x) => new PyFloat(x)))],
        ['content', rows.map(() => 'text')],
        ['metadata', new Map()],
      ] as never),
    );
    const outcome = checkAny(utf8(dumps(block)), checks);
    return outcome.status === 'checked' ? outcome.entry.descriptor?.model : outcome.code;
  };
  const unit = Array.from({ length: 384 }, (_, i) => (i === 5 ? 1 : 0));
  expect(spaceOf([unit], 'all-MiniLM-L6-v2')).toBe('sentence-transformers/all-MiniLM-L6-v2');
  expect(spaceOf([unit.map((x) => 2 * x)], 'all-MiniLM-L6-v2')).toBe('legacy:all-MiniLM-L6-v2');
  expect(spaceOf([unit.slice(0, 8)], 'all-MiniLM-L6-v2')).toBe('legacy:all-MiniLM-L6-v2');
  expect(spaceOf([unit], 'somebody/else')).toBe('legacy:somebody/else');
});

describe('a version-1 text costs no more than its bytes are worth', () => {
  const LATE = ['id', 'created_by', 'cosmo_signature', 'cosmo_hash', 'cosmic_signature', 'cosmic_hash'];
  const counted = (): { tries: () => number; checks: typeof checks } => {
    let tries = 0;
    return { tries: () => tries, checks: { ...checks, verify: (...args) => (tries++, verify(...args)) } };
  };

  test('what the tools add in one step is tried as one step: eight tries at most', async () => {
    const { Signer, dumps } = await import('../../src/python/index.js');
    const signed = Signer.fromSeed(new Uint8Array(32).fill(3)).signBlock(new Map([['content', 'a text']]) as never);
    const late = new Map(signed);
    for (const field of LATE) late.set(field, 'added later');
    const good = counted();
    expect(checkAny(utf8(dumps(late)), good.checks)).toMatchObject({ status: 'checked' });
    expect(good.tries()).toBe(8);
    const bad = counted();
    const changed = checkAny(utf8(dumps(late.set('content', 'another text'))), bad.checks);
    expect(changed).toMatchObject({ code: 'block.bad_signature' });
    expect(bad.tries()).toBe(8);
  });

  test('its size and its number of values are bounded', () => {
    const head = '{"signature": "", "x": ';
    const text = (bytes: number): Uint8Array => utf8(`${head}"${'a'.repeat(bytes - head.length - 3)}"}`);
    expect(checkAny(text(limits.pythonMaxBytes), checks)).toMatchObject({ code: 'block.bad_signature' });
    expect(checkAny(text(limits.pythonMaxBytes + 1), checks)).toMatchObject({ code: 'block.too_large' });
    // The object, the signature and the list are values too.
    const list = (items: number): Uint8Array => utf8(`${head}[${'1,'.repeat(items - 1)}1]}`);
    expect(checkAny(list(limits.pythonValuesMax - 3), checks)).toMatchObject({ code: 'block.bad_signature' });
    expect(checkAny(list(limits.pythonValuesMax - 2), checks)).toMatchObject({ code: 'block.malformed' });
  });

  test('sixty thousand fields are read and written', () => {
    const fields = Array.from({ length: 60_000 }, (_, i) => `"${i.toString(36)}": 0`).join(',');
    expect(checkAny(utf8(`{"signature": "", ${fields}}`), checks)).toMatchObject({ code: 'block.bad_signature' });
  });
});
