import { expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { Waiting, type Why } from '../../../src/index/vectors/waiting.js';

const all = (): boolean => true;

test('a lost space holds back how far all answer, a new or a whole one only itself or nobody', () => {
  const waiting = new Waiting();
  waiting.add('new', 40, 'new');
  waiting.add('whole', 0, 'whole');
  expect([waiting.reached(100), waiting.answersTo('new', 100), waiting.answersTo('whole', 100)]).toEqual([
    100, 40, 100,
  ]);
  waiting.add('lost', 0, 'lost');
  expect([waiting.reached(100), waiting.answersTo('lost', 100), waiting.answersTo('other', 100)]).toEqual([0, 0, 100]);
});

test('a pass brings what those wait for that may be read, from the first of them on', () => {
  const waiting = new Waiting();
  waiting.add('a', 10, 'new');
  waiting.add('b', 5, 'new');
  waiting.add('c', 0, 'lost');
  expect(waiting.begin((_, why) => why === 'new')).toBe(true);
  expect(waiting.begin(all)).toBe(false);
  expect(waiting.passed).toBe(5);
  expect([waiting.wants('a', 10), waiting.wants('a', 11), waiting.wants('b', 6), waiting.wants('c', 6)]).toEqual([
    false,
    true,
    true,
    false,
  ]);
  waiting.passTo(20);
  expect(waiting.saved()).toEqual([
    ['a', 20, 'new'],
    ['b', 20, 'new'],
    ['c', 0, 'lost'],
  ]);
  expect([waiting.isDone(21), waiting.isDone(20)]).toEqual([false, true]);
  expect(waiting.end()).toEqual(['a', 'b']);
  expect(waiting.ids()).toEqual(['c']);
});

test('what is lost once more leaves the pass and begins again', () => {
  const waiting = new Waiting([['a', 0, 'lost']]);
  waiting.begin(all);
  waiting.passTo(50);
  expect(waiting.reached(60)).toBe(50);
  waiting.add('a', 0, 'lost');
  expect(waiting.reached(60)).toBe(0);
  // Nobody needs the rest of that pass.
  expect(waiting.isDone(60)).toBe(true);
  expect(waiting.end()).toEqual([]);
  expect(waiting.begin(all)).toBe(true);
  expect(waiting.passed).toBe(0);
});

test('files of earlier versions do not say why: what begins at the beginning was lost', () => {
  const waiting = new Waiting([
    ['a', 0],
    ['b', 7],
  ]);
  expect(waiting.saved().map(([id, , why]) => [id, why])).toEqual([
    ['a', 'lost'],
    ['b', 'new'],
  ]);
});

test('whatever comes, nothing is claimed that is not known, and every wait ends', () => {
  const step = fc.record({
    what: fc.constantFrom('add', 'begin', 'pass', 'end', 'drop'),
    id: fc.constantFrom('a', 'b', 'c'),
    from: fc.nat(100),
    why: fc.constantFrom<Why>('new', 'lost', 'whole'),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const waiting = new Waiting();
      const known = new Map<string, number>();
      for (const { what, id, from, why } of steps) {
        if (what === 'add') {
          waiting.add(id, from, why);
          known.set(id, from);
        } else if (what === 'begin') waiting.begin(all);
        else if (what === 'pass') waiting.passTo(from);
        else if (what === 'drop') waiting.drop(id);
        else if (waiting.isDone(100)) waiting.end();
        for (const [one, to, reason] of waiting.saved()) {
          if (reason !== 'whole') expect(waiting.answersTo(one, 100)).toBe(Math.min(100, to));
          if (reason === 'lost') expect(waiting.reached(100)).toBeLessThanOrEqual(to);
        }
      }
      for (let i = 0; waiting.size > 0 && i < 10; i++) {
        waiting.begin(all);
        waiting.passTo(100);
        if (waiting.isDone(100)) waiting.end();
      }
      expect(waiting.size).toBe(0);
      expect(waiting.reached(100)).toBe(100);
    }),
  );
});
