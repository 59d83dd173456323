import { beforeAll, describe, expect, test } from '@jest/globals';
import { createReader } from '../../src/agent/index.js';
import { Documents } from '../../src/agent/document.js';
import type { ReaderParts, ReadMost } from '../../src/agent/parts.js';
import {
  checkAny,
  createBlock,
  didOf,
  portableChecks,
  publicKeyOf,
  sha256,
  signerOfSeed,
  utf8,
  wireOf,
  type CheckedBlock,
  type Hit,
} from '../../src/index.js';
import { createMemoryCatalogue, createMemoryStore } from '../../src/memory/index.js';
import { createSky } from '../../src/sky/index.js';
import { spaceIdOf } from '../../src/space/index.js';
import { embeddingOf, testSpace } from '../../src/testing/index.js';

/** What a reader that answers strangers reads and keeps for one answer. */
const sky = createSky();
const checks = { ...portableChecks('dev'), sky };
const seed = sha256(utf8('an author'));
const space = testSpace('test/2', 2);
const store = createMemoryStore();
const catalogue = createMemoryCatalogue(store);
const blocks: CheckedBlock[] = [];
let asked: string[] = [];

async function publish(n: number, rowCount: number, chars: number): Promise<void> {
  const text = `${n} `.padEnd(chars, 'long words ');
  const rows = Array.from({ length: rowCount }, (_, row) => ({ vector: [1, 0], text: `${row} ${text}` }));
  const fields = { ...embeddingOf(space, rows), document: 'one id' };
  const { wire } = await createBlock(
    { kind: 'embedding/1', fields, timeMs: 1_700_000_000_000 + n },
    {
      signer: signerOfSeed(seed),
      network: 'dev',
      registry: checks.registry,
      sky,
      salt: () => new Uint8Array(16).fill(n),
    },
  );
  const checked = checkAny(wire, checks);
  if (checked.status === 'rejected') throw new Error(checked.detail);
  await store.put([{ block: checked, firstSeenMs: 0 }] as never);
  blocks.push(checked);
}

beforeAll(async () => {
  for (let n = 0; n < 8; n++) await publish(n, 3, 300);
  for (let n = 8; n < 20; n++) await publish(n, 3, 5_000);
});

function readerWith(readMost?: ReadMost, hits: readonly Hit[] = []) {
  asked = [];
  const parts: ReaderParts = {
    api: {
      get: async (id) => {
        asked.push(id);
        const [stored] = await store.get([id]);
        return stored && { id, seq: stored.seq, firstSeenMs: 0, wire: wireOf(stored) };
      },
      find: (filter, page) => catalogue.find(filter, page),
      search: () => Promise.resolve({ hits, queries: [], exhausted: true } as never),
      watch: () => {
        throw new Error('not asked here');
      },
    },
    checks,
    trust: {},
    verify: 'drop',
    ...(readMost === undefined ? {} : { readMost }),
  };
  return createReader(parts, new Documents(parts, { blocks: 512, bytes: 100_000 }));
}

const hitOf = (n: number, row: number): Hit => {
  const { id, entry, timeMs } = blocks[n]!;
  return { id, row, score: 1, author: entry.author, timeMs, kind: 'embedding/1', space: spaceIdOf(space) } as never;
};

describe('a reader that answers strangers', () => {
  test('reads and checks a block once, however many of its rows are hits', async () => {
    const found = await readerWith(undefined, [hitOf(0, 0), hitOf(1, 0), hitOf(0, 1), hitOf(0, 2), hitOf(1, 2)]).search(
      'a',
    );
    expect(found.map(({ block, row }) => [block, row])).toEqual([
      [blocks[0]!.id, 0],
      [blocks[1]!.id, 0],
      [blocks[0]!.id, 1],
      [blocks[0]!.id, 2],
      [blocks[1]!.id, 2],
    ]);
    expect(asked).toEqual([blocks[0]!.id, blocks[1]!.id]);
  });

  test('says which hits it did not look at for want of room', async () => {
    const most = { blocks: 64, bytes: 20_000 };
    const found = await readerWith(
      most,
      [8, 9, 10, 11].map((n) => hitOf(n, 0)),
    ).search('a');
    expect(found.map(({ block }) => block)).toEqual([blocks[8]!.id, blocks[9]!.id]);
    expect(found.dropped.map(({ block, why }) => [block, why.split(':')[0]])).toEqual([
      [blocks[10]!.id, 'request.too_large'],
      [blocks[11]!.id, 'request.too_large'],
    ]);
    expect(asked).toHaveLength(2);
  });

  test('ends a page of a list early and goes on behind it, nothing twice and nothing left out', async () => {
    const reader = readerWith({ blocks: 3, bytes: 40_000 });
    const seen: string[] = [];
    let pages = 0;
    for (let after: string | undefined; ; pages++) {
      const { items, next } = await reader.list({}).page(after);
      seen.push(...items.map(({ block }) => block));
      if (next === undefined) break;
      after = next;
    }
    expect(seen).toEqual(blocks.map(({ id }) => id).reverse());
    expect(pages).toBeGreaterThan(5);
  });

  test('looks at the newest versions of an id only', async () => {
    const reader = readerWith({ blocks: 64, bytes: 20_000 });
    const item = await reader.get('one id', { author: didOf(publicKeyOf(seed)) });
    expect(item).toMatchObject({ block: blocks[19]!.id, versions: 2 });
    expect(asked).toHaveLength(2);
  });

  test('keeps no more than some of what it has read', async () => {
    const reader = readerWith();
    const large = blocks.slice(8);
    for (const { id } of large) await reader.read(id);
    await reader.read(large.at(-1)!.id);
    expect(asked).toHaveLength(large.length);
    await reader.read(large[0]!.id);
    expect(asked).toHaveLength(large.length + 1);
  });
});
