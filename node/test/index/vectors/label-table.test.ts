import { expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { ownBackgroundOf, queryBackgroundOf } from '../../../src/index/vectors/background.js';
import { Bits } from '../../../src/index/vectors/bits.js';
import { LabelTable } from '../../../src/index/vectors/label-table.js';

test('finds the live slot of every label, whatever order labels come and go in', () => {
  const step = fc.record({ label: fc.nat(40), goes: fc.boolean() });
  fc.assert(
    fc.property(fc.boolean(), fc.array(step, { maxLength: 60 }), (ascending, steps) => {
      const dead = new Bits();
      const table = new LabelTable(dead);
      const model = new Map<number, number>();
      const drop = (label: number): void => {
        const slot = table.slotOf(label);
        if (slot < 0) return;
        dead.add(slot);
        table.drop(slot);
        model.delete(label);
      };
      let slots = 0;
      for (const { label: some, goes } of steps) {
        const label = ascending && !goes ? slots * 3 : some;
        drop(label);
        if (goes) continue;
        table.append(label);
        model.set(label, slots++);
      }
      const again = new LabelTable(dead, table.labels.slice(0, slots));
      for (const one of [table, again]) {
        for (let label = 0; label < 200; label++) expect(one.slotOf(label)).toBe(model.get(label) ?? -1);
        let from = 0;
        for (const [label, slot] of [...model].sort((a, b) => a[0] - b[0])) {
          const found = one.slotFrom(label, ascending ? from : 0);
          if (ascending) expect([found, dead.has(found)]).toEqual([slot, false]);
          else expect(one.slotOf(label)).toBe(slot);
          from = found;
        }
      }
    }),
  );
});

test('rows that are read one by one into the same place are compared with each other, not with themselves', () => {
  const rows = [Float32Array.of(1, 0), Float32Array.of(0, 1), Float32Array.of(1, 0)];
  const single = new Float32Array(2);
  const shared = { at: (slot: number) => (single.set(rows[slot]!), single), offset: () => 0 };
  const apart = { at: (slot: number) => rows[slot]!, offset: () => 0 };
  const found = ownBackgroundOf(apart, [0, 1, 2], 2);
  expect(found!.mean).toBeCloseTo(1 / 3, 6);
  expect(ownBackgroundOf(shared, [0, 1, 2], 2)).toEqual(found);
  expect(ownBackgroundOf(apart, [0], 2)).toBeUndefined();
  expect(queryBackgroundOf(Float32Array.of(1, 0), Float32Array.of(1, 0, 0, 1))).toEqual({
    mean: 0.5,
    spread: 0.5,
    n: 2,
  });
  expect(queryBackgroundOf(Float32Array.of(1, 0), new Float32Array(0))).toBeUndefined();
});
