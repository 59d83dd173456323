import { expect, test } from '@jest/globals';
import type { Head } from '@cosmicembeddings/sdk';
import { followTogether, type Trailing } from '../../src/follow/index.js';
import { stateOf } from '../../src/follow/together.js';

const headAt = (seq: number, epoch = 'e'): Head => ({ epoch, seq, count: seq, labels: seq });

function follower(name: string, answers: boolean, seq = 0): Trailing & { told: number[]; waited: number[] } {
  const [told, waited]: number[][] = [[], []];
  return {
    name,
    answers,
    told: told!,
    waited: waited!,
    position: () => ({ epoch: 'e', seq }),
    waitFor: async (to) => void waited!.push(to),
    notify: ({ seq: to }) => void told!.push(to),
    ...(seq === 0 ? { stopped: () => 'the disk is full' } : {}),
  };
}

function together(seq = 5): {
  all: ReturnType<typeof follower>[];
  store: { seq: number; reads: number };
  judgedTo: number[];
  followers: ReturnType<typeof followTogether>;
} {
  const all = [follower('text', true), follower('views', false, 9)];
  const store = { seq, reads: 0 };
  const judgedTo: number[] = [];
  const followers = followTogether({
    head: headAt(0),
    readHead: async () => {
      store.reads += 1;
      return headAt(store.seq);
    },
    followers: all,
    judged: async (to) => void judgedTo.push(to),
  });
  return { all, store, judgedTo, followers };
}

test('followers are told once for all that one turn stores', async () => {
  const { all, store, followers } = together();
  await followers.tell();
  for (let i = 0; i < 100; i++) followers.noteStored();
  store.seq = 7;
  await new Promise((resolve) => setImmediate(resolve));
  await followers.tell();
  expect([all[0]!.told, store.reads, followers.head().seq]).toEqual([[5, 7], 2, 7]);
});

test('who asks about the head tells them first, and not twice', async () => {
  const { all, store, followers } = together();
  expect(await followers.states()).toEqual([
    { name: 'text', position: { epoch: 'e', seq: 0 }, lag: 5 },
    { name: 'views', position: { epoch: 'e', seq: 5 }, lag: 0 },
  ]);
  await followers.tell();
  expect([all[1]!.told, store.reads]).toEqual([[5], 1]);
  expect([...followers.stopped()]).toEqual([['text', 'the disk is full']]);
  expect(followers.names()).toEqual(['text', 'views']);
});

test('indexed waits for what answers rest on and for what is hidden; a name for that follower alone', async () => {
  const { all, judgedTo, followers } = together();
  await followers.waitFor('durable', 3);
  await followers.waitFor('indexed', 4);
  await followers.waitFor('views', 5);
  expect([all[0]!.waited, all[1]!.waited, judgedTo]).toEqual([[4], [5], [4]]);
  await expect(followers.waitFor('x'.repeat(100), 1)).rejects.toMatchObject({
    code: 'request.malformed',
    detail: `wait: ${'x'.repeat(64)}; give durable, indexed, or one of text, views`,
  });
});

test('in another life of the store everything is still to be taken', () => {
  expect(stateOf('text', { epoch: 'before', seq: 9 }, headAt(5))).toEqual({
    name: 'text',
    position: { epoch: 'before', seq: 9 },
    lag: 5,
  });
  expect(stateOf('kinds', { epoch: 'e', seq: Number.MAX_SAFE_INTEGER }, headAt(5)).lag).toBe(0);
});
