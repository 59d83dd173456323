import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { createBlock, sha256, utf8, type SpaceDescriptor, type ValueMap } from '@cosmicembeddings/sdk';
import { createLexicalEmbedder, lexicalSpace } from '@cosmicembeddings/sdk/embedders';
import { keyOfSeed } from '@cosmicembeddings/sdk/keys';
import { packRows, spaceNamed } from '@cosmicembeddings/sdk/space';
import { startNode, type DemoNode } from '../../src/demo/nodes.js';
import { identityOf } from '../../src/keys/author.js';

const lexical = createLexicalEmbedder();
let temp: string;
const nodes: DemoNode[] = [];

/** One keeps what is published, the other follows it and samples a block a second. */
beforeAll(async () => {
  temp = mkdtempSync(join(tmpdir(), 'cosmic-sampling-'));
  nodes.push(await startNode('keeper', { folder: temp, peers: [], detached: false }));
  mkdirSync(join(temp, 'sampler'));
  writeFileSync(join(temp, 'sampler', 'config.json'), JSON.stringify({ attest: 3600 }));
  const peers = [nodes[0]!.url];
  nodes.push(await startNode('sampler', { folder: temp, peers, detached: false }));
}, 120_000);
afterAll(() => {
  nodes.forEach((node) => node.kill());
  rmSync(temp, { recursive: true, force: true, maxRetries: 5 });
});

/** A block with these texts beside the lexical vectors of others. */
async function publish(texts: string[], of: string[], seed: number, space: SpaceDescriptor): Promise<string> {
  const keeper = nodes[0]!.client;
  const { network } = await keeper.status();
  const fields = {
    space: { ...space },
    embedding: packRows((await lexical.embed(of, { role: 'passage' })).vectors, 'f32'),
    input_type: 'text',
    input_reference: texts.map((text) => ({ hash: sha256(utf8(text)), origin: 'test' })),
    texts,
  } as unknown as ValueMap;
  const { author } = await identityOf(keyOfSeed(new Uint8Array(32).fill(seed)).seed, network);
  const made = await createBlock({ kind: 'embedding/1', fields, timeMs: Date.now() }, author);
  expect(await keeper.publish([made.wire], { wait: 'views' })).toMatchObject([{ status: 'stored' }]);
  return made.id;
}

async function until<T>(ask: () => Promise<T | undefined>): Promise<T> {
  for (;;) {
    const answer = await ask();
    if (answer !== undefined) return answer;
    await sleep(100);
  }
}

test('what a sampling node signs is shown beside hits of another, of true vectors and of false ones; a space that lies is found', async () => {
  const heron = 'Herons stand in the shallows.';
  const bees = 'Bees leave the hive at dawn.';
  const honest = await publish([heron], [heron], 1, lexicalSpace);
  const lying = await publish([bees], ['Something else altogether.'], 2, lexicalSpace);
  const words = ['tide', 'kiln', 'orchard', 'lantern', 'granite', 'violin', 'meadow', 'harbour', 'copper', 'winter'];
  const texts = words.flatMap((one, i) =>
    words.filter((other) => other !== one).map((other) => `The ${one} and the ${other} of year ${i}.`),
  );
  const dealt = texts.map((_, i) => texts[(i * 37 + 11) % texts.length]!);
  // Of a block at most 16 rows are looked at.
  const liar = { ...spaceNamed('liar/model', lexicalSpace.dims), normalized: true };
  for (let i = 0; i < texts.length; i += 15) await publish(texts.slice(i, i + 15), dealt.slice(i, i + 15), 3, liar);

  const keeper = nodes[0]!.client;
  const verdictOf = (id: string, text: string): Promise<string> =>
    until(async () => {
      const { hits } = await keeper.search({ text, verdicts: true });
      const hit = hits.find((one) => one.id === id);
      return hit?.verdicts?.find(({ view }) => view === 'attestations')?.says;
    });
  expect(await verdictOf(honest, heron)).toBe('attested by 1');
  expect(await verdictOf(lying, bees)).toBe('not reproduced');
  const said = (await keeper.view('attestations', 'of', { id: honest })).result;
  const sampler = (await nodes[1]!.client.status()).node;
  expect(said).toMatchObject({ agree: 1, attestations: [{ by: sampler, agrees: true }] });

  const doubts = await until(async () => {
    const spaces = await keeper.spaces();
    const one = spaces.find(({ space }) => space.model === 'liar/model');
    return one?.honesty?.state === 'doubtful' ? one.honesty.doubts.map(({ what }) => what) : undefined;
  });
  expect(doubts).toContain('unrelated');
}, 120_000);
