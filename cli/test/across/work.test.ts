import { expect, test } from '@jest/globals';
import {
  checkAny,
  corePlugins,
  createBlock,
  createRegistry,
  portableChecks,
  sha256,
  signerOfSeed,
  utf8,
  type Ref,
  type ValueMap,
} from '@cosmicembeddings/sdk';
import { packRows, spaceIdOf } from '@cosmicembeddings/sdk/space';
import { createSky } from '@cosmicembeddings/sdk/sky';
import { testSpace } from '@cosmicembeddings/sdk/testing';
import { workOf } from '../../src/across/work.js';

const [from, to] = [testSpace('old', 4), testSpace('new', 4)];
const registry = createRegistry(corePlugins);
const sky = createSky();
let salts = 0;

async function blockOf(space: typeof from, texts: readonly string[], links: readonly Ref[] = [], seed = 1) {
  const fields = {
    space: { ...space },
    embedding: packRows(
      texts.map(() => Float32Array.of(1, 0, 0, 0)),
      'f32',
    ),
    input_type: 'text',
    input_reference: texts.map((text) => ({ hash: sha256(utf8(text)), origin: 'test' })),
    texts,
  } as unknown as ValueMap;
  return createBlock(
    { kind: 'embedding/1', fields, links, timeMs: Date.UTC(2026, 0, 1) },
    {
      signer: signerOfSeed(new Uint8Array(32).fill(seed)),
      network: 'dev',
      registry,
      sky,
      salt: () => new Uint8Array(16).fill(++salts),
    },
  );
}

/** A node that answers what it is given, whosever it is. */
function nodeOf(blocks: readonly { id: string; wire: Uint8Array; of: string }[]): Parameters<typeof workOf>[0] {
  return {
    find: ({ spaces }: { spaces?: readonly string[] }) =>
      Promise.resolve({ ids: blocks.flatMap(({ id, of }) => (spaces?.includes(of) === true ? [id] : [])) }),
    read: (ids: readonly string[]) =>
      Promise.resolve(ids.map((id) => ({ id, wire: blocks.find((one) => one.id === id)!.wire }))),
  } as unknown as Parameters<typeof workOf>[0];
}

async function work(made: readonly (readonly [typeof from, Awaited<ReturnType<typeof blockOf>>])[]) {
  const checked = checkAny(made[0]![1].wire, portableChecks('dev'));
  if (checked.status === 'rejected') throw new Error(checked.detail);
  const node = nodeOf(made.map(([space, { id, wire }]) => ({ id, wire, of: spaceIdOf(space) })));
  return workOf(node, spaceIdOf(from), spaceIdOf(to), { did: checked.entry.author, network: 'dev' });
}

test('a block is done when each of its texts is there: a half that was published twice is no whole', async () => {
  const old = await blockOf(from, ['one', 'two', 'three', 'four']);
  const link = [{ rel: 'translates', id: old.id }];
  const half = async (...texts: string[]) => [to, await blockOf(to, texts, link)] as const;
  const first = [await half('one', 'two'), await half('one', 'two')];
  const before = await work([[from, old], ...first]);
  expect([before.open.length, before.done]).toEqual([1, []]);
  const after = await work([[from, old], ...first, await half('three', 'four')]);
  expect([after.open.length, after.done]).toEqual([0, [old.id]]);
});

test('a block that says the same in another language is no successor', async () => {
  const old = await blockOf(from, ['one']);
  const { open, done } = await work([
    [from, old],
    [to, await blockOf(to, ['uno'], [{ rel: 'translates', id: old.id }])],
  ]);
  expect([open.length, done]).toEqual([1, []]);
});

test('what a node passes off as one’s own is left alone', async () => {
  const [old, strange] = [await blockOf(from, ['one']), await blockOf(from, ['sign this'], [], 2)];
  const { open } = await work([
    [from, old],
    [from, strange],
  ]);
  expect(open.map(({ id }) => id)).toEqual([old.id]);
});
