import { readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { concatBytes } from '@cosmicembeddings/sdk';
import { openNodeKeys } from '../../src/operate/keys.js';
import { blockOf, testedNode } from '../http/node.ts';

const node = testedNode();
const BLOCKS = 200;

interface Found {
  readonly hits: readonly { readonly id: string }[];
  readonly indexedTo: { readonly seq: number };
}

async function search(mode: string): Promise<Found> {
  const response = await node.postJson('/v2/search', JSON.stringify({ text: 'a grey heron', k: 400, mode }));
  expect(response.status).toBe(200);
  return (await response.json()) as Found;
}

async function status(): Promise<{ readonly head: number; readonly reached: number }> {
  const { head, followers } = (await (await fetch(`${node.url}/v2/status`)).json()) as {
    head: { seq: number };
    followers: { name: string; position: { seq: number } }[];
  };
  const places = followers
    .filter(({ name }) => name === 'text' || name === 'vectors')
    .map(({ position }) => position.seq);
  return { head: head.seq, reached: Math.min(...places) };
}

const flip = (path: string, at: (length: number) => number): void => {
  const bytes = readFileSync(path);
  bytes[at(bytes.length)]! ^= 0x41;
  writeFileSync(path, bytes);
};

const damages: readonly (readonly [string, () => void])[] = [
  [
    'a word index and rows that changed',
    () => {
      flip(join(node.folder, 'text.sqlite'), () => 71);
      flip(rows(), (length) => length - 100);
    },
  ],
  [
    'a word index that cannot be read, and no list of spaces',
    () => {
      flip(join(node.folder, 'text.sqlite'), () => 3);
      rmSync(join(node.folder, 'index', 'index.bin'));
    },
  ],
  [
    'no word index, and rows that were cut',
    () => {
      rmSync(join(node.folder, 'text.sqlite'));
      writeFileSync(rows(), readFileSync(rows()).subarray(0, 1000));
    },
  ],
];

function rows(): string {
  const folder = join(node.folder, 'index');
  return join(
    folder,
    readdirSync(folder).find((name) => name.startsWith('bafy'))!,
    'rows.f32',
  );
}

test('searched all through the rebuilding of its indexes, a node never shows what is retracted or erased', async () => {
  const { token } = await openNodeKeys(node.folder);
  const blocks = [];
  for (let i = 0; i < BLOCKS; i++)
    blocks.push(await blockOf([`heron number ${i}, grey and patient`], { timeMs: Date.now() - BLOCKS + i }));
  await node.post(concatBytes(...blocks.map(({ wire }) => wire)), 'application/cbor-seq', '?wait=indexed');
  const gone = new Set([blocks[7]!.id]);
  await node.post(await node.retraction(blocks[7]!.id), 'application/cbor-seq', '?wait=indexed');
  let erasing = 100;
  for (const [what, harm] of damages) {
    await node.restart(harm);
    let searches = 0;
    for (let isWhole = false; !isWhole || searches < 3;) {
      const { head, reached } = await status();
      isWhole = reached === head;
      if (searches === 1) {
        const { id } = blocks[erasing++]!;
        const erased = await fetch(`${node.url}/v2/erase`, {
          method: 'POST',
          headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
          body: JSON.stringify({ ids: [id], reason: 'takedown' }),
        });
        expect([what, erased.status]).toEqual([what, 200]);
        gone.add(id);
      }
      for (const mode of ['words', 'vectors', 'hybrid']) {
        const { hits, indexedTo } = await search(mode);
        expect([what, hits.filter(({ id }) => gone.has(id))]).toEqual([what, []]);
        // Whatever was there when it was taken is found, or the answer says that it is not all.
        expect([what, mode, hits.length >= Math.min(indexedTo.seq, BLOCKS) - gone.size]).toEqual([what, mode, true]);
      }
      searches++;
    }
  }
}, 120_000);
