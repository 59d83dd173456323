import { expect, test } from '@jest/globals';
import { concatBytes, portableChecks, utf8, inspect } from '../../src/index.js';
import { dumps, Signer, toPython, type PyDict } from '../../src/python/index.js';
import { createSky } from '../../src/sky/index.js';
import { signBlock } from '../../src/testing/index.js';

const checks = portableChecks('dev');
const timeMs = 1_790_000_000_000;
const seed = new Uint8Array(32).fill(3);
const stamp = createSky().stamp({ timeMs }) as never;
const body = { salt: new Uint8Array(16), tags: [], linked_blocks: [] };
const header = { version: 2, kind: 'note.example/1', timestamp: timeMs, cosmic_signature: stamp };
const found = (wire: Uint8Array): string[] =>
  inspect(wire, checks).checks.map(
    ({ name, ok, code, note }) => `${name} ${ok ? 'ok' : (code ?? 'no')}${note === true ? ' (note)' : ''}`,
  );

test('a good block of an unknown kind is valid, and says that the kind is unknown', () => {
  const wire = signBlock({ header, body, seed, network: 'dev' });
  expect(inspect(wire, checks)).toMatchObject({
    valid: true,
    format: 'native/2',
    author: expect.stringMatching(/^did:key:/),
    uncovered: [],
  });
  expect(found(wire)).toEqual(['form ok', 'body ok', 'kind kind.unknown (note)', 'signature ok', 'sky ok']);
});

test('a header alone is valid, and says that its body is not there', () => {
  const whole = signBlock({ header, body, seed, network: 'dev' });
  const alone = concatBytes(whole.subarray(0, whole.length - bodyLength(whole)), Uint8Array.of(0xf6));
  expect(inspect(alone, checks).valid).toBe(true);
  expect(found(alone)).toEqual(['form ok', 'body no (note)', 'signature ok', 'sky ok']);
});

test('each fault is found by its own check, the others still say how they went', () => {
  const good = signBlock({ header, body, seed, network: 'dev' });
  expect(found(signBlock({ header, body, seed, network: 'elsewhere' }))).toContain('signature block.bad_signature');
  expect(found(concatBytes(good, Uint8Array.of(0)))).toContain('form block.malformed');
  const changed = good.slice();
  changed[changed.length - 1]! ^= 1;
  expect(found(changed)).toEqual(['form ok', 'body block.body_mismatch', 'signature ok', 'sky ok']);
  const shifted = { ...header, cosmic_signature: createSky().stamp({ timeMs: timeMs - 7_200_000 }) as never };
  expect(found(signBlock({ header: shifted, body, seed, network: 'dev' }))).toContain('sky sky.mismatch');
  for (const wire of [changed, new Uint8Array(0), Uint8Array.of(1, 2), utf8('{"a":1}'), utf8('{')]) {
    const verdict = inspect(wire, checks);
    expect(verdict.valid).toBe(false);
    expect(verdict.checks.some((finding) => !finding.ok && finding.code !== undefined)).toBe(true);
  }
});

test('a version-1 block says what its signature does not cover', () => {
  const block = new Map(
    Object.entries({ version: '1.0', timestamp: 1_790_000_000, content: ['x'] }).map(([key, value]) => [
      key,
      toPython(value),
    ]),
  ) as PyDict;
  const signed = new Map(Signer.fromSeed(seed).signBlock(block)).set('id', 'block-12345678');
  const verdict = inspect(utf8(dumps(signed)), checks);
  expect(verdict).toMatchObject({ valid: true, format: 'python/1', uncovered: ['id'] });
  expect(verdict.checks.map((finding) => finding.name)).toEqual(['form', 'signature', 'rows']);
});

function bodyLength(wire: Uint8Array): number {
  // The body is all that follows an envelope whose header says how long it is.
  for (let length = 1; length < wire.length; length++) {
    const alone = concatBytes(wire.subarray(0, wire.length - length), Uint8Array.of(0xf6));
    if (inspect(alone, checks).valid) return length;
  }
  throw new Error('no envelope found');
}
