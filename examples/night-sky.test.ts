import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { observeNight, writeNight } from './night-sky.ts';

const munich = { lat: 48_137_000, lon: 11_575_000, elevation: 0 };

test('a night runs from evening to morning through darkness', () => {
  const night = observeNight('2026-12-13', munich, 20);
  expect(night[0]!.bodies.sun.azimuthE6!).toBeGreaterThan(180_000_000);
  expect(night.at(-1)!.bodies.sun.azimuthE6!).toBeLessThan(180_000_000);
  expect(night.some((seen) => seen.twilight === 'night')).toBe(true);
});

test('frames and a player are written; a day without sunset says so', () => {
  const folder = mkdtempSync(join(tmpdir(), 'night-'));
  try {
    const frames = writeNight(folder, '2026-12-13', munich, 120);
    expect(readdirSync(folder).sort()).toEqual([...frames, 'index.html'].sort());
    expect(readFileSync(join(folder, frames[0]!), 'utf8')).toMatch(/^<svg .*<\/svg>$/s);
    expect(() => writeNight(folder, '2026-06-21', { ...munich, lat: 78_000_000 })).toThrow(/does not set/);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
