import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { utf8 } from '../../src/bytes.js';
import { checkAny, contentOf } from '../../src/formats/index.js';
import { sha256, verify } from '../../src/crypto/index.js';
import { createRegistry, corePlugins } from '../../src/kinds/index.js';

const file = new URL('../../../../shared/data/python-sdk/signed_blocks.jsonl', import.meta.url);
if (!existsSync(file)) console.log('skipped: ../shared/data/python-sdk is absent');
const registry = createRegistry(corePlugins);
const checks = { network: 'dev', registry, verify, sha256, sky: { check: () => ({ ok: true }) as const } };

(existsSync(file) ? describe : describe.skip)('blocks signed by the Python SDK’s rules', () => {
  const vectors = readFileSync(file, 'utf8')
    .trim()
    .split('\n')
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
