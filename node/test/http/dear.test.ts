import { afterEach, expect, jest, test } from '@jest/globals';
import { createDearRoom, smallMs, type DearRoom } from '../../src/http/dear.js';

let room: DearRoom | undefined;
let nowMs = 0;
afterEach(() => {
  room?.close();
  jest.useRealTimers();
});
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const limits = { roomMs: 100, waitingMax: 8, waitingEach: 4, patienceMs: 60_000 };
const open = (more: Partial<typeof limits> = {}): DearRoom =>
  (room = createDearRoom({ ...limits, ...more }, () => nowMs));

/** Who has begun, in order, and how each says that it is done. */
function watched(one: DearRoom) {
  const begun: string[] = [];
  const ends = new Map<string, () => void>();
  const refused: string[] = [];
  const ask = (name: string, ms: number, who = name.slice(0, 1), signal?: AbortSignal): void =>
    void one.enter(ms, who, signal).then(
      (done) => {
        begun.push(name);
        ends.set(name, done);
      },
      (error: { code?: string }) => refused.push(`${name} ${error.code ?? String(error)}`),
    );
  return { begun, refused, ask, end: (name: string) => ends.get(name)!() };
}

test('a bounded amount of work begins, small requests go by, and each address has its turn after the others', async () => {
  const { begun, ask, end } = watched(open());
  for (const name of ['a1', 'a2', 'a3', 'a4', 'b1', 'c1']) ask(name, 500);
  ask('small', smallMs / 2);
  await settled();
  expect(begun).toEqual(['a1', 'small']);
  nowMs += 10_000;
  for (const name of ['a1', 'a2', 'b1', 'c1', 'a3', 'a4']) {
    end(name);
    end(name);
    await settled();
  }
  expect(begun).toEqual(['a1', 'small', 'a2', 'b1', 'c1', 'a3', 'a4']);
});

test('what has no whole number of milliseconds leaves an empty room, too', async () => {
  const { begun, ask, end } = watched(open());
  for (const [name, ms] of [
    ['a1', 10.1],
    ['a2', 20.7],
    ['a3', 13.3],
  ] as const)
    ask(name, ms);
  await settled();
  for (const name of ['a2', 'a1', 'a3']) end(name);
  ask('b1', 500);
  await settled();
  expect(begun).toEqual(['a1', 'a2', 'a3', 'b1']);
});

test('of cheaper ones several are under way, as many as there is room for', async () => {
  const { begun, ask, end } = watched(open());
  for (const name of ['a1', 'a2', 'b1', 'b2']) ask(name, 40);
  await settled();
  expect(begun).toEqual(['a1', 'a2']);
  end('a2');
  await settled();
  expect(begun).toEqual(['a1', 'a2', 'b1']);
});

test('while small requests come, what a dear one took is given back after four times as long', async () => {
  jest.useFakeTimers({ doNotFake: ['setImmediate'] });
  const { begun, ask, end } = watched(open());
  ask('a1', 500);
  ask('b1', 500);
  await settled();
  nowMs += 300;
  ask('small', 0);
  await settled();
  end('a1');
  jest.advanceTimersByTime(1_150);
  await settled();
  expect(begun).toEqual(['a1', 'small']);
  jest.advanceTimersByTime(100);
  await settled();
  expect(begun).toEqual(['a1', 'small', 'b1']);
});

test('who waits for too long, or beyond what may wait, is refused, and who goes away leaves the queue', async () => {
  jest.useFakeTimers({ doNotFake: ['setImmediate'] });
  const { begun, refused, ask, end } = watched(open());
  const gone = new AbortController();
  ask('a1', 500);
  ask('a2', 500, 'a', gone.signal);
  for (const name of ['a3', 'a4', 'a5', 'a6']) ask(name, 500);
  for (const name of ['b1', 'c1', 'd1', 'e1', 'f1']) ask(name, 500);
  await settled();
  expect(refused).toEqual(['a6 node.busy', 'f1 node.busy']);
  gone.abort('gone');
  await settled();
  expect(refused.at(-1)).toBe('a2 gone');
  jest.advanceTimersByTime(60_001);
  await settled();
  expect(refused.filter((line) => line.endsWith('node.busy'))).toHaveLength(9);
  for (let n = 0; n < 6; n++) ask(`own${n}`, 500, '');
  await settled();
  expect(refused.filter((line) => line.startsWith('own'))).toEqual([]);
  end('a1');
  await settled();
  expect(begun).toEqual(['a1', 'own0']);
  end('own0');
  for (let n = 1; n < 6; n++) {
    await settled();
    end(`own${n}`);
  }
  ask('g1', 500);
  await settled();
  expect(begun.at(-1)).toBe('g1');
});
