import { existsSync, readFileSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { verify } from '../../src/crypto/index.js';
import { compareCodePoints, dumps, floatRepr } from '../../src/python/dumps.js';
import { readPythonJson, type PyDict } from '../../src/python/read.js';
import { checkSignature } from '../../src/python/signature.js';

const folder = new URL('../../../../shared/data/python-sdk/', import.meta.url);
const present = existsSync(folder);
if (!present) process.stderr.write('skipped: ../shared/data/python-sdk is absent\n');
const read = (name: string): string => readFileSync(new URL(name, folder), 'utf8');

interface Micro {
  readonly floats: readonly { bits: string; text: string }[];
  readonly strings: readonly Record<string, unknown>[];
  readonly objects?: readonly Record<string, string>[];
}

(present ? describe : describe.skip)('written by CPython', () => {
  test('every float prints as CPython prints it', () => {
    const { floats } = JSON.parse(read('json_dumps_microvectors.json')) as Micro;
    expect(floats.length).toBeGreaterThan(900);
    for (const { bits, text } of floats) expect(floatRepr(Buffer.from(bits, 'hex').readDoubleBE())).toBe(text);
  });

  test('strings and key orders are CPython’s', () => {
    const vectors = JSON.parse(read('json_dumps_microvectors.json')) as Record<string, unknown[]>;
    const rest = Object.entries(vectors).filter(([name]) => name !== 'floats');
    expect(rest.length).toBeGreaterThanOrEqual(2);
    for (const [, cases] of rest) {
      for (const item of cases as Record<string, unknown>[]) {
        const units = item['utf16'] ?? item['units'] ?? item['code_units'];
        if (Array.isArray(units)) expect(dumps(String.fromCharCode(...(units as number[])))).toBe(item['text']);
        else
          expect(dumps(readPythonJson((item['insertion'] ?? item['input']) as string))).toBe(
            item['sorted'] ?? item['text'],
          );
      }
    }
  });

  test('all 40 signed blocks: same signing bytes, same verdict', () => {
    const lines = read('signed_blocks.jsonl').trim().split('\n');
    expect(lines).toHaveLength(40);
    for (const line of lines) {
      const vector = JSON.parse(line) as {
        block_json: string;
        signing_bytes_sha256: string;
        valid: boolean;
        why: string;
      };
      const outcome = checkSignature(readPythonJson(vector.block_json) as PyDict, verify);
      expect([vector.why, outcome.status === 'ok']).toEqual([vector.why, vector.valid]);
      if (outcome.status === 'ok')
        expect(createHash('sha256').update(outcome.signingBytes).digest('hex')).toBe(vector.signing_bytes_sha256);
    }
  });
});

test('integers stay integers, floats floats', () => {
  const text = '{"b": 1.0, "a": 1, "c": 123456789012345678901234567890, "d": 1e5, "e": -0, "f": NaN}';
  expect(dumps(readPythonJson(text))).toBe(
    '{"a": 1, "b": 1.0, "c": 123456789012345678901234567890, "d": 100000.0, "e": 0, "f": NaN}',
  );
});

test('keys sort by code point, not by UTF-16', () => {
  expect(['\u{1f600}', '\uffff', 'a', '\ue000'].sort(compareCodePoints)).toEqual([
    'a',
    '\ue000',
    '\uffff',
    '\u{1f600}',
  ]);
});

test.each(['', '{', '{"a" 1}', '[1,]', '"\u0001"', '01', '1.', "{'a': 1}", '[1] 2', '['.repeat(300) + ']'.repeat(300)])(
  'refuses %j',
  (text) => {
    expect(() => readPythonJson(text)).toThrow();
  },
);
