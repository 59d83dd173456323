import { expect, test } from '@jest/globals';
import { corePlugins, createRegistry } from '@cosmicembeddings/sdk';
import { createLexicalEmbedder } from '@cosmicembeddings/sdk/embedders';
import type { Source } from '../../../src/index/common/canaries.js';
import { SpaceJudge } from '../../../src/index/common/judging.js';
import { judgedRows } from '../../../src/index/common/honesty.js';

test('a space that goes on growing is judged ever more seldom', async () => {
  let read = 0;
  const store = { get: () => (read++, Promise.resolve([undefined])) };
  const judge = new SpaceJudge(store, createRegistry(corePlugins));
  const embedders = [createLexicalEmbedder()];
  const work = async (): Promise<number> => {
    const before = read;
    while (await judge.work(embedders, undefined));
    return read - before;
  };
  // Ranks go up: none but the first rows are drawn.
  for (let i = 0; i < judgedRows; i++) judge.offer('space', { rank: i, id: `b${i}`, row: 0, author: 'a' });
  expect(await work()).toBe(judgedRows);
  for (let i = 0; i < 10 * judgedRows; i++) judge.offer('space', { rank: 1000 + i, id: `c${i}`, row: 0, author: 'a' });
  expect(await work()).toBe(0);
  judge.offer('space', { rank: -1, id: 'd', row: 0, author: 'a' });
  expect(await work()).toBe(judgedRows);
});

test('a space is judged anew when canaries of it come', async () => {
  let read = 0;
  const store = { get: () => (read++, Promise.resolve([undefined])) };
  let sources: readonly Source[] = [];
  const judge = new SpaceJudge(store, createRegistry(corePlugins), {}, { of: () => Promise.resolve(sources) });
  const embedders = [createLexicalEmbedder()];
  const work = async (): Promise<number> => {
    const before = read;
    while (await judge.work(embedders, undefined));
    return read - before;
  };
  for (let i = 0; i < 50; i++) judge.offer('space', { rank: i, id: `b${i}`, row: 0, author: 'a' });
  expect(await work()).toBe(50);
  expect(await work()).toBe(0);
  sources = [{ block: { id: 'c', author: 'b' }, canaries: [] }];
  expect(await work()).toBe(50);
  expect(await work()).toBe(0);
});
