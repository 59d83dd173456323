import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { createMemoryKeyed } from '../../src/memory/index.js';
import { createRegistry } from '../../src/kinds/index.js';
import { planCones } from '../../src/views/index.js';
import { dbOf, drive, newTrace } from '../../src/views/reader.js';
import { entryOf } from '../../src/views/rows.js';
import { driveAll } from '../../src/views/side-by-side.js';
import type { Ask, Db, Row, View } from '../../src/views/view.js';
import { createViewWorld } from '../../src/testing/index.js';

const view: View = {
  name: 'notes',
  version: 1,
  tables: { notes: { key: ['about'] }, pairs: { key: ['left', 'right'] } },
  questions: {},
};
const registry = createRegistry([{ name: 'notes', kinds: [], views: [view] }]);
const [plan] = planCones(registry);
const table = (name: string) => plan!.tables.get(`notes.${name}`)!;

function storeOf(rows: readonly Row[]): ReturnType<typeof createMemoryKeyed> {
  const store = createMemoryKeyed();
  rows.forEach((row, i) => {
    const { key, value } = entryOf(table('right' in row ? 'pairs' : 'notes'), row, [`owner ${i}`], i);
    store.set(key, value);
  });
  return store;
}

function* judge(db: Db, about: string, limit: number): Ask<unknown> {
  const notes = yield* db.rows('notes', [about], { limit });
  const further: unknown[] = [];
  for (const note of notes) {
    further.push(yield* db.rows('pairs', [note['says'] as string]));
    further.push(yield* db.rows('pairs', [about, note['says'] as string]));
  }
  if (notes.length > 6) throw new Error(`too much is said of ${about}`);
  return { notes, further };
}

describe('runs side by side', () => {
  const word = fc.constantFrom('a', 'ab', 'a\0', 'a\0b', 'b', 'ba', '["a"]', 'ÿ', 'c', 'd', 'e', 'f', 'g');
  const rows = fc.array(
    fc.oneof(
      fc.record({ about: word, says: word }),
      fc.record({ left: word, right: word, says: word }) as fc.Arbitrary<Row>,
    ),
    { maxLength: 80 },
  );

  test('come to what each comes to alone, however dense the table is', () => {
    fc.assert(
      fc.property(rows, fc.array(word, { maxLength: 20 }), fc.integer({ min: 1, max: 9 }), (given, asked, limit) => {
        const store = storeOf(given);
        const reading = { plan: plan!, store, world: createViewWorld(registry), upTo: 0, budget: 1000 };
        const together = driveAll(
          asked.map((about) => ({ ask: judge(dbOf(), about, limit), trace: newTrace() })),
          view,
          { ...reading, memo: new Map() },
        );
        const alone = asked.map((about) => {
          try {
            return { ok: true, value: drive(judge(dbOf(), about, limit), view, reading, newTrace()) };
          } catch (error) {
            return { ok: false, error };
          }
        });
        expect(together).toEqual(alone);
      }),
    );
  });

  test('a text is not found under what stands before a zero in it', () => {
    const store = storeOf([{ about: 'a\0b', says: 'c' }]);
    const reading = { plan: plan!, store, world: createViewWorld(registry), upTo: 0, budget: 1000 };
    const found = (about: string): unknown => drive(dbOf().rows('notes', [about]), view, reading, newTrace());
    expect(found('a')).toEqual([]);
    expect(found('a\0b')).toHaveLength(1);
  });

  test('many keys of a table are read as one range', () => {
    const store = storeOf(Array.from({ length: 300 }, (_, i) => ({ about: `about ${i % 100}`, says: 'a' })));
    let ranges = 0;
    const counted = { ...store, range: (...args: Parameters<typeof store.range>) => (ranges++, store.range(...args)) };
    function* count(db: Db, about: string): Ask<number> {
      return (yield* db.rows('notes', [about])).length;
    }
    const runs = Array.from({ length: 100 }, (_, i) => ({ ask: count(dbOf(), `about ${i}`), trace: newTrace() }));
    const outcomes = driveAll(runs, view, {
      plan: plan!,
      store: counted,
      world: createViewWorld(registry),
      upTo: 0,
      budget: 1000,
      memo: new Map(),
    });
    expect(outcomes).toEqual(runs.map(() => ({ ok: true, value: 3 })));
    expect(ranges).toBe(1);
    expect(runs.map(({ trace }) => trace.rows)).toEqual(runs.map(() => 3));
  });
});
