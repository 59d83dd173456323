import { getEventListeners } from 'node:events';
import { expect, test } from '@jest/globals';
import { joinSignals } from '../src/signals.js';

test('a joined signal ends with the first of its own, and says why', () => {
  const [a, b] = [new AbortController(), new AbortController()];
  const { signal } = joinSignals(a.signal, b.signal);
  b.abort(new Error('b'));
  a.abort(new Error('a'));
  expect(signal.reason).toEqual(new Error('b'));
  expect(joinSignals(a.signal).signal.reason).toEqual(new Error('a'));
});

test('what was ended leaves nothing on a signal that lasts', () => {
  const lasts = new AbortController();
  const joined = Array.from({ length: 1000 }, () => joinSignals(new AbortController().signal, lasts.signal));
  expect(getEventListeners(lasts.signal, 'abort')).toHaveLength(1000);
  for (const { end } of joined) end();
  expect(getEventListeners(lasts.signal, 'abort')).toHaveLength(0);
  lasts.abort(new Error('too late'));
  expect(joined[0]!.signal.aborted).toBe(false);
});
