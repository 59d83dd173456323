import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { untrusted } from '../../../src/agent/tools/untrusted.js';

/** Escapes all of a text, and cuts then: what is shown may not depend on how much is looked at. */
function slowly(text: string, max: number): string {
  const hidden = new Set(['\u0000', '\u200b', '\u202e']);
  const shown = [...text]
    .map((c) =>
      hidden.has(c) || (c.length === 1 && /\p{Surrogate}/u.test(c)) ? `\\u{${c.codePointAt(0)!.toString(16)}}` : c,
    )
    .join('');
  if (shown.length <= max) return shown;
  const unit = shown.charCodeAt(max - 1);
  return `${shown.slice(0, unit >= 0xd800 && unit < 0xdc00 ? max - 1 : max)}…`;
}

const chars = fc.array(fc.constantFrom('a', 'é', '\u0000', '\u200b', '\u202e', '😀', '\ud800', '\udc00'), {
  maxLength: 30,
});

test('a text is shown as if all of it had been looked at', () => {
  fc.assert(
    fc.property(chars, fc.integer({ min: 1, max: 20 }), (list, max) => {
      const text = list.join('');
      const found = untrusted(text, max);
      expect(found).toEqual({ text: slowly(text, max), altered: slowly(text, max) !== text });
    }),
    { numRuns: 300 },
  );
});

test('of a document of millions of characters no more is looked at than is shown', () => {
  const whole = '\u200b'.repeat(1_000_000);
  const text = {
    length: whole.length,
    charCodeAt: (i: number) => whole.charCodeAt(i),
    slice: (from: number, to: number) => whole.slice(from, to),
    replace: () => {
      throw new Error('all of it was looked at');
    },
  } as unknown as string;
  expect(untrusted(text, 100).text).toMatch(/^(?:\\u\{200b\})+.*…$/);
});
