import { expect, test } from '@jest/globals';
import { spaceIdOf, toUnit, type Embedder } from '@cosmicembeddings/sdk';
import { canaryTexts } from '@cosmicembeddings/sdk/embedders';
import { unsignedBlock } from '@cosmicembeddings/sdk/testing';
import { createCanaries } from '../../../src/index/common/canaries.js';
import { Ledger, noise, spaceNamed } from '../../search/ledger.ts';

const DIMS = 8;
const space = spaceNamed('somebody/model', DIMS);
const id = spaceIdOf(space);
/** A model: for each text another vector, the same each time. */
const modelOf =
  (seed: number) =>
  (text: string): Float32Array =>
    toUnit(noise(seed + [...text].reduce((sum, letter) => (31 * sum + letter.codePointAt(0)!) % 1_000_003, 7), DIMS));
const [model, other] = [modelOf(1), modelOf(500)];
const embedder: Embedder = {
  space,
  embed: (texts) =>
    Promise.resolve({ vectors: texts.map(model), truncated: texts.map(() => false), tokens: texts.map(() => null) }),
};

async function ledgerOf(...by: readonly (readonly [author: string, model: typeof model])[]) {
  const ledger = new Ledger();
  const ids: string[] = [];
  for (const [i, [author, make]] of by.entries()) {
    const block = unsignedBlock({
      number: i,
      space,
      author,
      tags: ['canary'],
      rows: canaryTexts.slice(0, 50).map(({ text, role }) => ({ vector: make(text), text, origin: `canary:${role}` })),
    });
    await ledger.store.put([{ block, firstSeenMs: 1 }]);
    ids.push(block.id);
  }
  const hidden = new Set<string>();
  let nowMs = 0;
  const open = (embedders: readonly Embedder[], trust: readonly string[] = []) =>
    createCanaries({
      store: ledger.store,
      catalogue: ledger.catalogue,
      clock: { now: () => (nowMs += 60_000) },
      embedders: () => Promise.resolve(embedders),
      trust,
      isHidden: (one) => hidden.has(one),
    });
  return { ids, hidden, ledger, open };
}

test('are none where nobody has published any', async () => {
  const { open } = await ledgerOf();
  expect(await open([]).report(id)).toEqual({ state: 'none', sources: [] });
});

test('are tried with the node’s embedder: reproduced, also beside a stranger’s that are wrong', async () => {
  const { ids, open } = await ledgerOf(['did:key:honest', model], ['did:key:liar', other]);
  const report = await open([embedder]).report(id);
  expect(report).toMatchObject({
    state: 'reproduced',
    sources: [
      { id: ids[0], author: 'did:key:honest', texts: 50 },
      { id: ids[1], author: 'did:key:liar', texts: 50 },
    ],
  });
  expect(report.sources[0]!.distance).toBeLessThan(0.005);
  expect(report.sources[1]!.distance).toBeGreaterThan(0.005);
  const alone = await ledgerOf(['did:key:liar', other]);
  expect(await alone.open([embedder]).report(id)).toMatchObject({ state: 'not_reproduced' });
});

test('are held against each other where there is no embedder', async () => {
  const agree = await ledgerOf(['did:key:a', model], ['did:key:b', model]);
  expect(await agree.open([]).report(id)).toMatchObject({ state: 'vouched', sources: [{ texts: 50 }, { texts: 50 }] });
  const differ = await ledgerOf(['did:key:a', model], ['did:key:b', other]);
  expect(await differ.open([]).report(id)).toMatchObject({ state: 'disputed' });
});

test('that are hidden or erased count no more, and those of trusted authors come first', async () => {
  const { ids, hidden, ledger, open } = await ledgerOf(['did:key:a', other], ['did:key:b', model]);
  const canaries = open([], ['did:key:b']);
  expect((await canaries.of(id)).map(({ block }) => block!.author)).toEqual(['did:key:b', 'did:key:a']);
  hidden.add(ids[0]!);
  expect((await canaries.of(id)).map(({ block }) => block!.author)).toEqual(['did:key:b']);
  await ledger.erase(ids[1]!);
  expect(await canaries.of(id)).toEqual([]);
});

test('of the SDK’s own embedders come with it', async () => {
  const { createEmbedder } = await import('@cosmicembeddings/sdk/embedders');
  const { nodeEmbedderHost } = await import('@cosmicembeddings/sdk/embedders/node');
  const english = await createEmbedder({ type: 'builtin', name: 'english-1' }, nodeEmbedderHost);
  const { open } = await ledgerOf();
  const report = await open([english]).report(spaceIdOf(english.space));
  expect(report).toMatchObject({ state: 'reproduced', sources: [{ texts: 4 }] });
  expect(report.sources[0]!.author).toBeUndefined();
});
