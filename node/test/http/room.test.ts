import { expect, test } from '@jest/globals';
import { createRoom } from '../../src/http/room.js';

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('who sends slowly takes a quarter at most: what he has beyond waits for his own, and others go by', async () => {
  const room = createRoom(1_000, 60_000);
  const begun: string[] = [];
  const ends = new Map<string, () => void>();
  const take = (name: string, bytes: number, who: string): void =>
    void room.take(bytes, who).then((release) => {
      begun.push(name);
      ends.set(name, release!);
    });
  for (const n of [1, 2, 3, 4]) take(`a${n}`, 100, 'a');
  take('b1', 200, 'b');
  take('own', 400, '');
  await settled();
  expect(begun).toEqual(['a1', 'a2', 'b1', 'own']);
  expect(room.taken).toBe(800);
  // Larger than a share: it has its turn when nothing else is his, and first come is first served where there is no room at all.
  take('c1', 900, 'c');
  take('b2', 10, 'b');
  await settled();
  expect(begun).toHaveLength(4);
  ends.get('a1')!();
  ends.get('a1')!();
  await settled();
  expect(begun).toEqual(['a1', 'a2', 'b1', 'own', 'a3']);
  for (const name of ['a2', 'b1', 'own', 'a3']) ends.get(name)!();
  await settled();
  ends.get('a4')!();
  await settled();
  expect(begun.slice(5)).toEqual(['a4', 'c1', 'b2']);
});
