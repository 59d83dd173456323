import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { dayStartOf, instantOf } from '../../src/schema/index.js';

test.each([
  ['2026-11-21T22:00:00Z', 1795298400000],
  ['2026-11-21t22:00:00.5z', 1795298400500],
  ['2026-11-21T23:30:00.123456+01:30', 1795298400123],
  ['2026-11-21T22:00:00-00:00', 1795298400000],
  ['2024-02-29T00:00:00Z', 1709164800000],
  ['0001-01-01T00:00:00Z', -62135596800000],
])('%s', (text, timeMs) => {
  expect(instantOf(text)).toBe(timeMs);
});

test.each([
  ...['2026-02-30T10:00:00Z', '2026-02-29T00:00:00Z', '2026-04-31T00:00:00Z', '2026-13-01T00:00:00Z'],
  ...['2026-00-10T00:00:00Z', '2026-01-00T00:00:00Z', '2026-3-29', 'March 29, 2026', '2026-03-29 9:30', '5', 'note 7'],
  ...['2026-11-21', '2026-11-21T22:00', '2026-11-21T22:00Z', '2026-11-21T22:00:00', '2026-11-21T24:00:00Z'],
  ...['2026-11-21T22:60:00Z', '2026-12-31T23:59:60Z', '2026-11-21T22:00:00+0100', '2026-11-21T22:00:00+24:00'],
  ...['2026-11-21T22:00:00+01:60', '2026-01-99T00:00:00Z'],
  ...['2026-11-21T22:00:00.Z', ' 2026-11-21T22:00:00Z', '2026-11-21T22:00:00Z\n', '+02026-11-21T22:00:00Z', ''],
])('%j is no instant', (text) => {
  expect(instantOf(text)).toBeUndefined();
});

test('a day begins in UTC', () => {
  expect(dayStartOf('2026-11-21')).toBe(Date.parse('2026-11-21T00:00:00Z'));
  for (const text of [
    '2026-02-30',
    '2026-3-29',
    '20261121',
    '2026-11-21T00:00:00Z',
    '12026-11-21',
    'x2026-11-21',
    '2026-00-21',
  ])
    expect(dayStartOf(text)).toBeUndefined();
});

test('every instant that is written is read, at every offset', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: Date.UTC(1950, 0), max: Date.UTC(2100, 0) }),
      fc.integer({ min: -1439, max: 1439 }),
      (timeMs, offsetMinutes) => {
        const sign = offsetMinutes < 0 ? '-' : '+';
        const two = (n: number): string => String(n).padStart(2, '0');
        const offset = `${sign}${two(Math.floor(Math.abs(offsetMinutes) / 60))}:${two(Math.abs(offsetMinutes) % 60)}`;
        const local = new Date(timeMs + offsetMinutes * 60_000).toISOString().replace('Z', offset);
        expect(instantOf(local)).toBe(timeMs);
        expect(instantOf(new Date(timeMs).toISOString())).toBe(timeMs);
      },
    ),
  );
});
