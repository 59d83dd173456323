import { describe, expect, test } from '@jest/globals';
import { durationText, progressBar, progressLine } from '../src/progress.js';

function drawnOn(isTTY: boolean) {
  const written: string[] = [];
  let nowMs = 0;
  const out = { isTTY, columns: 120, write: (text: string) => written.push(text) > 0 };
  const bar = progressBar('exporting', { out: out as unknown as NodeJS.WriteStream, now: () => nowMs });
  return { written, bar, at: (ms: number) => void (nowMs = ms) };
}

describe('progress', () => {
  test('has count, rate and time left', () => {
    const line = progressLine('exporting', { done: 250, total: 1000, elapsedMs: 2000 });
    expect(line).toContain(' 250/1000');
    expect(line).toContain('125/s');
    expect(line).toContain('6 s left');
    expect(line).toMatch(/█{6}░{18}/);
  });

  test('without a total there is count and rate, and no time left', () => {
    expect(progressLine('importing', { done: 30, total: 0, elapsedMs: 10_000, what: 'blocks' })).toBe(
      'importing  30  3.0/s  blocks',
    );
  });

  test('before anything is done nobody knows a rate', () => {
    expect(progressLine('x', { done: 0, total: 5, elapsedMs: 3000 })).toMatch(/ 0\/5$/);
    expect(progressLine('x', { done: 5, total: 5, elapsedMs: 3000 })).not.toContain('left');
  });

  test('what is over within a second is not drawn', () => {
    const { written, bar, at } = drawnOn(true);
    bar(1, 4);
    at(999);
    bar(4, 4);
    bar.end();
    expect(written).toEqual([]);
  });

  test('on a terminal it is redrawn in its line, and gone at the end', () => {
    const { written, bar, at } = drawnOn(true);
    at(1000);
    bar(1, 4);
    at(1050);
    bar(2, 4);
    at(1100);
    bar(3, 4);
    bar.end();
    expect(written).toHaveLength(3);
    expect(written.every((text) => text.startsWith('\r\x1b[2K'))).toBe(true);
    expect(written.at(-1)).toBe('\r\x1b[2K');
  });

  test('in a pipe it is a whole line now and then, without control characters', () => {
    const { written, bar, at } = drawnOn(false);
    for (let ms = 0; ms <= 25_000; ms += 500) {
      at(ms);
      bar(ms, 50_000);
    }
    bar.end();
    expect(written).toHaveLength(3);
    // eslint-disable-next-line no-control-regex
    expect(written.join('')).toMatch(/^(exporting [^\x00-\x1f]+\n){3}$/);
  });

  test('a duration is as exact as it is known', () => {
    expect([0.2, 59.1, 90, 120, 3600, 9000].map(durationText)).toEqual([
      '1 s',
      '1 min',
      '1 min 30 s',
      '2 min',
      '1 h 0 min',
      '2 h 30 min',
    ]);
  });
});
