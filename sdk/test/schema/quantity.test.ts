import { expect, test } from '@jest/globals';
import { decimalOf, durationMsOf, sizeBytesOf, wholeOf } from '../../src/schema/index.js';

test.each([
  ['48.137', 48.137],
  [' -0.5 ', -0.5],
  ['+.5', 0.5],
  ['7.', 7],
  ['48', 48],
  ['-.625', -0.625],
])('%j is a decimal number', (text, number) => expect(decimalOf(text)).toBe(number));

test.each(['', ' ', '1e3', '0x10', '1,5', '٣', 'NaN', 'Infinity', '--1', '1 2'])('%j is none', (text) =>
  expect(decimalOf(text)).toBeUndefined(),
);

test.each([
  ['0', 0],
  ['8080', 8080],
  ['9007199254740991', 9007199254740991],
])('%j is a whole number', (text, number) => expect(wholeOf(text)).toBe(number));

test.each(['', '-1', '+1', '08', '1.0', '1e3', ' 1', '9007199254740992'])('%j is none of those', (text) =>
  expect(wholeOf(text)).toBeUndefined(),
);

test.each([
  ['250ms', 250],
  ['90s', 90_000],
  ['30m', 1_800_000],
  ['12h', 43_200_000],
  ['7d', 604_800_000],
])('%j is a duration', (text, ms) => expect(durationMsOf(text)).toBe(ms));

test.each([
  ['500kB', 500_000],
  ['64MiB', 67_108_864],
  ['20GB', 20_000_000_000],
  ['1TiB', 1_099_511_627_776],
  ['7B', 7],
])('%j is a size', (text, bytes) => expect(sizeBytesOf(text)).toBe(bytes));

test.each([
  '',
  '5',
  '0s',
  '-5s',
  '1.5h',
  '5 s',
  '5S',
  '5kb',
  '64mib',
  '1constructor',
  '999999999TiB',
  '5ms ',
  '7B!',
  '30mm',
  '7d2',
])('%j is neither duration nor size', (text) =>
  expect([durationMsOf(text), sizeBytesOf(text)]).toEqual([undefined, undefined]),
);
