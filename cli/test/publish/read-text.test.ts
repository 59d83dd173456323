import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from '@jest/globals';
import { readText } from '../../src/publish/read-text.js';

const folder = mkdtempSync(join(tmpdir(), 'cosmic-read-text-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const read = (bytes: Uint8Array): ReturnType<typeof readText> => {
  writeFileSync(join(folder, 'x.txt'), bytes);
  return readText(join(folder, 'x.txt'), 'x.txt');
};
const latin = (text: string): Buffer => Buffer.from(text, 'latin1');
const text = 'Grüße aus Köln: 😀, und danach noch viel, das nur ASCII ist.';
const whole = Buffer.from(text);

describe('what is no UTF-8', () => {
  test.each([
    ['cut off within a character', whole.subarray(0, whole.indexOf('😀') + 2), whole.indexOf('😀')],
    ['with a byte too much', Buffer.concat([whole.subarray(0, 12), Buffer.from([0xff]), whole.subarray(12)]), 12],
    ['with a byte too few', Buffer.concat([whole.subarray(0, 3), whole.subarray(4)]), 2],
    [
      'going on with nothing before',
      Buffer.concat([whole.subarray(0, 12), Buffer.from([0xa0]), whole.subarray(12)]),
      12,
    ],
  ])('but mostly is (%s) is damaged, and not other letters of Latin-1', (_, bytes, at) => {
    expect(() => read(bytes)).toThrow(`input.binary: x.txt: UTF-8 that is damaged at byte ${at}`);
  });

  test('is Latin-1 where hardly anything of it would be UTF-8', () => {
    expect(read(whole)).toEqual({ text, encoding: 'UTF-8' });
    for (const said of ['eine gewisse Größe', 'il dit «café» puis été', 'caf\u00e9', 'no Ã¼ber, but für and größer'])
      expect(read(latin(said))).toEqual({ text: said, encoding: 'Latin-1' });
  });
});

test('a pointer of Git LFS is not what it points to', () => {
  const pointer = 'version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n';
  expect(() => read(Buffer.from(pointer))).toThrow(/^input\.unsupported: x\.txt: .*git lfs pull/);
});
