import { beforeAll, describe, expect, test } from '@jest/globals';
import {
  createBlock,
  portableChecks,
  sha256,
  signerOfSeed,
  utf8,
  type CreatedBlock,
  type Hit,
  type SearchAnswer,
  type ValueMap,
} from '../../src/index.js';
import { verifyHit } from '../../src/api/index.js';
import { createLexicalEmbedder, lexicalSpace } from '../../src/embedders/index.js';
import { createSky } from '../../src/sky/index.js';
import { cosine, packRows, spaceIdOf } from '../../src/space/index.js';

const checks = portableChecks('dev');
const embedder = createLexicalEmbedder();
const texts = ['The first passage is about apples.', 'The second passage is about pears.'];
let block: CreatedBlock;
let other: CreatedBlock;
let answer: SearchAnswer;
let hit: Hit;

async function make(seed: number): Promise<CreatedBlock> {
  const { vectors } = await embedder.embed(texts, { role: 'passage' });
  const fields = {
    space: lexicalSpace,
    embedding: { ...packRows(vectors, 'f32') },
    input_type: 'text',
    input_reference: texts.map((text) => ({ hash: sha256(utf8(text)), origin: 'fruit.md' })),
    texts,
  } as unknown as ValueMap;
  const author = {
    signer: signerOfSeed(new Uint8Array(32).fill(seed)),
    network: 'dev',
    registry: checks.registry,
    sky: createSky(),
    salt: () => new Uint8Array(16),
  };
  return createBlock({ kind: 'embedding/1', fields, timeMs: 1_790_000_000_000 }, author);
}

beforeAll(async () => {
  [block, other] = [await make(1), await make(2)];
  const query = (await embedder.embed(['pears'], { role: 'query' })).vectors[0]!;
  const row = (await embedder.embed([texts[1]!], { role: 'passage' })).vectors[0]!;
  const space = spaceIdOf(lexicalSpace);
  hit = {
    id: block.id,
    row: 1,
    space,
    cosine: cosine(query, row),
    score: 1,
    author: block.header.created_by,
    kind: 'embedding/1',
    timeMs: 1_790_000_000_000,
    firstSeenMs: 1,
    tags: [],
    passage: texts[1]!,
  };
  answer = {
    hits: [hit],
    requested: 1,
    returned: 1,
    exhausted: true,
    indexedTo: { epoch: 'e', seq: 1 },
    head: { epoch: 'e', seq: 1 },
    queries: [{ space, vector: Array.from(query) }],
  };
});

const gives = (wire: Uint8Array | undefined) => ({
  get: async (id: string) => (wire === undefined ? undefined : { id, seq: 1, firstSeenMs: 1, wire }),
});

test('an honest hit verifies in every part', async () => {
  expect(await verifyHit(hit, answer, gives(block.wire), checks)).toEqual({
    signed: true,
    cosine: true,
    passage: true,
  });
});

test('a passage that was shortened for the answer is still the signed one', async () => {
  expect(await verifyHit({ ...hit, passage: 'The second passage…' }, answer, gives(block.wire), checks)).toMatchObject({
    passage: true,
  });
});

describe('a node that lies is caught', () => {
  test.each<[string, (hit: Hit) => Hit, object]>([
    ['about the cosine', (real) => ({ ...real, cosine: real.cosine! + 0.01 }), { signed: true, cosine: false }],
    ['about the row', (real) => ({ ...real, row: 0 }), { signed: true, cosine: false, passage: false }],
    ['about a row that is not there', (real) => ({ ...real, row: 7 }), { signed: true, cosine: false }],
    [
      'about the passage',
      (real) => ({ ...real, passage: 'The second passage is about plums.' }),
      { signed: true, cosine: true, passage: false },
    ],
    ['about the author', (real) => ({ ...real, author: other.header.created_by }), { signed: false }],
  ])('%s', async (_, lie, found) => {
    expect(await verifyHit(lie(hit), answer, gives(block.wire), checks)).toMatchObject(found);
  });

  test('by giving another block, changed bytes, or none', async () => {
    expect(await verifyHit(hit, answer, gives(other.wire), checks)).toMatchObject({
      signed: false,
      detail: expect.stringContaining(other.id),
    });
    const changed = block.wire.slice();
    changed[changed.length - 1]! ^= 1;
    expect(await verifyHit(hit, answer, gives(changed), checks)).toMatchObject({
      signed: false,
      detail: expect.stringMatching(/^block\.body_mismatch/),
    });
    expect(await verifyHit(hit, answer, gives(undefined), checks)).toMatchObject({ signed: false });
  });
});
