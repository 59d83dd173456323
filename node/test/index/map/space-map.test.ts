import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from '@jest/globals';
import type { TailItem } from '@cosmicembeddings/sdk';
import { mapRules, SpaceMap } from '../../../src/index/map/space-map.js';
import type { MapHead } from '../../../src/index/map/wire.js';

const folder = mkdtempSync(join(tmpdir(), 'cosmic-map-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const ROWS = 95;
/** Each beside the next, on a ring. */
const near = (labels: Uint32Array, k: number) =>
  Promise.resolve({
    done: labels.length,
    labels: Uint32Array.from({ length: labels.length * k }, (_, at) => {
      const j = at % k;
      const step = (j >> 1) + 1;
      return (labels[Math.floor(at / k)]! + (j % 2 === 0 ? step : ROWS - step)) % ROWS;
    }),
    scores: Float32Array.from({ length: labels.length * k }, (_, at) => 1 - ((at % k) + 1) / 100),
    axes: Float32Array.from({ length: labels.length * 2 }, (_, at) => {
      const angle = (2 * Math.PI * labels[at >> 1]!) / ROWS;
      return at % 2 === 0 ? Math.cos(angle) : Math.sin(angle);
    }),
  });

function headOf(bytes: Uint8Array): MapHead {
  const length = new DataView(bytes.buffer, bytes.byteOffset).getUint32(8, true);
  return JSON.parse(new TextDecoder().decode(bytes.subarray(12, 12 + length))) as MapHead;
}

test('words of an erased text name no region any more, however little of the map it was', async () => {
  const texts = Array.from({ length: ROWS }, (_, i) => (i < 2 ? 'zanzibar' : ''));
  const map = new SpaceMap(
    {
      ...{ space: 'space', folder, ofAll: false, near, nowMs: () => 0 },
      rules: { ...mapRules, rowsMin: 10 },
      textOf: (_, row) => texts[row],
    },
    'epoch',
  );
  const entry = { space: 'space', rows: ROWS, author: 'did', tags: [] };
  map.take({ type: 'block', block: { id: 'id', entry, firstLabel: 0, timeMs: 0 } } as unknown as TailItem);
  map.caughtUp();
  const words = (): readonly string[] => headOf(map.answer().bytes).regions.flatMap((region) => region.words);
  while (await map.step());
  expect(words()).toContain('zanzibar');
  texts[0] = '';
  map.take({ type: 'erase', firstLabel: 0, rows: 1 } as unknown as TailItem);
  expect(words()).toEqual([]);
  while (await map.step());
  expect(headOf(map.answer().bytes)).toMatchObject({ state: 'ready', points: ROWS - 1 });
  expect(words()).toEqual([]);
});
