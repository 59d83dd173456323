/**
 * What standing questions cost: 1,000 watches in one space of 384 numbers compared with blocks of one row each, in this
 * thread, as the matcher does. `node bench/watch/cost.mjs [watches] [blocks]`
 */
import { corePlugins, createBlock, createRegistry, checkAny, signerOfSeed } from '@cosmicembeddings/sdk';
import { portableChecks } from '@cosmicembeddings/sdk/formats';
import { createSky } from '@cosmicembeddings/sdk/sky';
import { spaceIdOf } from '@cosmicembeddings/sdk/space';
import { embeddingOf } from '@cosmicembeddings/sdk/testing';
import { nodeEmbedderHost } from '@cosmicembeddings/sdk/embedders/node';
import { createEmbedder } from '@cosmicembeddings/sdk/embedders';
import { Candidate, lookoutOf } from '../../node/dist/search/standing/match.js';

const watches = Number(process.argv[2] ?? 1000);
const blocks = Number(process.argv[3] ?? 200);
const registry = createRegistry(corePlugins);
const { space } = await createEmbedder({ type: 'builtin', name: 'english-1' }, nodeEmbedderHost);
let state = 1;
const random = () => ((state = (state * 1103515245 + 12345) % 2 ** 31) / 2 ** 31) * 2 - 1;
const vector = () => {
  const row = Float32Array.from({ length: space.dims }, random);
  const length = Math.hypot(...row);
  return row.map((x) => x / length);
};
const author = { signer: signerOfSeed(new Uint8Array(32).fill(1)), network: 'dev', registry, sky: createSky() };
const checks = portableChecks('dev');
const stored = [];
for (let i = 0; i < blocks; i++) {
  const fields = embeddingOf(space, [{ text: `text ${i}`, vector: vector(), origin: 'bench' }]);
  const salt = () => new Uint8Array(16).fill(i % 256);
  const { wire } = await createBlock({ kind: 'embedding/1', timeMs: 1.7e12 + i, fields }, { ...author, salt });
  const checked = checkAny(wire, checks);
  stored.push({ ...checked, seq: i + 1, firstSeenMs: 0, firstLabel: i });
}
const kinds = {
  'near, no filter': () => ({ filter: {}, near: [{ space: spaceIdOf(space), vector: vector(), least: 0.9 }] }),
  'near, an author that is not theirs': () => ({
    filter: { authors: ['did:key:zNobody'] },
    near: [{ space: spaceIdOf(space), vector: vector(), least: 0.9 }],
  }),
  'near, where': () => ({
    filter: { where: { topic: 'pottery' } },
    near: [{ space: spaceIdOf(space), vector: vector(), least: 0.9 }],
  }),
};
for (const [name, wanted] of Object.entries(kinds)) {
  const lookouts = Array.from({ length: watches }, () => lookoutOf(wanted()));
  let hits = 0;
  const run = () => {
    const begun = process.cpuUsage();
    for (const block of stored) {
      const candidate = new Candidate(block, registry);
      for (const lookout of lookouts) if (candidate.match(lookout) !== undefined) hits += 1;
    }
    const { user, system } = process.cpuUsage(begun);
    return (user + system) / 1000 / stored.length;
  };
  run();
  const times = [run(), run(), run()].sort((a, b) => a - b);
  console.log(
    JSON.stringify({ watches, blocks, dims: space.dims, name, cpuMsPerBlock: Number(times[1].toFixed(3)), hits }),
  );
}
