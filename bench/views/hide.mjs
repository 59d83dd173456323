/**
 * Is a withdrawn block ever shown? node bench/views/hide.mjs [rounds] [restarts]
 * Publishes a block, finds it, withdraws it and searches again right after each acknowledgement; then searches for all that was
 * withdrawn through restarts, kill -9, and a plug-in that comes, is upgraded, and goes. Says pass or fail; appends to results/hide.jsonl.
 */
import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { corePlugins, createBlock, createRegistry, packRows } from '@cosmicembeddings/sdk';
import { createSky } from '@cosmicembeddings/sdk/sky';
import { spaceIdOf } from '@cosmicembeddings/sdk/space';
import { benchSpace, fastSigner } from '../accept/blocks.mjs';
import { json, startNode } from '../accept/node-process.mjs';
import { record } from '../accept/record.mjs';

const [rounds, restarts] = [500, 6].map((n, i) => Number(process.argv[2 + i] ?? n));
const DIMS = 8;
const space = { ...benchSpace, model: 'bench/hide', dims: DIMS, normalized: false };
const spaceId = spaceIdOf(space);
const author = {
  network: 'dev',
  registry: createRegistry(corePlugins),
  sky: createSky(),
  salt: () => new Uint8Array(randomBytes(16)),
  signer: fastSigner(createHash('sha256').update('hide').digest()),
};
const startMs = Date.now() - 86_400_000;
const vectorOf = (i) => {
  const digest = createHash('sha256').update(String(i)).digest();
  return Float32Array.from({ length: DIMS }, (_, j) => digest[j] - 127.5);
};
let made = 0;
const embedding = (i) =>
  createBlock(
    {
      kind: 'embedding/1',
      timeMs: startMs + made++,
      fields: {
        space,
        embedding: { ...packRows([vectorOf(i)], 'f32') },
        input_type: 'text',
        input_reference: [{ hash: new Uint8Array(32), origin: `doc-${i}` }],
        texts: [`word${i} of a block that is withdrawn`],
      },
    },
    author,
  );
const retraction = (id) =>
  createBlock({ kind: 'retract/1', timeMs: startMs + made++, fields: {}, refs: [{ rel: 'retracts', id }] }, author);

const folder = mkdtempSync(join(tmpdir(), 'cosmic-bench-hide-'));
const plugin = join(folder, 'plugin.mjs');
const pollPath = fileURLToPath(new URL('../../examples/poll/plugin.js', import.meta.url));
/** The example's poll whose view reads the core's, so that its coming changes their cone. */
const writePlugin = (version) =>
  writeFileSync(
    plugin,
    readFileSync(pollPath, 'utf8')
      .replaceAll("'@cosmicembeddings/sdk/", `'${fileURLToPath(new URL('../../sdk/dist/', import.meta.url))}`)
      .replace("dist/kinds'", "dist/kinds/index.js'")
      .replace("dist/schema'", "dist/schema/index.js'")
      .replace('version: 2,', `version: ${version}, reads: ['identities@2'],`),
  );
let node = await startNode({ folder, keep: true });
const post = async (wire) => {
  const response = await fetch(`${node.url}/v2/blocks`, {
    method: 'POST',
    headers: { 'content-type': 'application/cbor-seq' },
    body: wire,
  });
  if (!response.ok) throw new Error(`${response.status} ${await response.text()}`);
};
const ask = (body) =>
  json(`${node.url}/v2/search`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ k: 3, ...body }),
  });
const byVector = (i) => ask({ vector: { space: spaceId, values: [...vectorOf(i)] } });
const byWord = (i) => ask({ text: `word${i}`, mode: 'words' });
const shows = ({ hits }, id) => hits.some((hit) => hit.id === id);

try {
  const gone = [];
  const found = { published: 0, afterwards: 0, rounds };
  const times = [];
  for (let i = 0; i < rounds; i++) {
    const block = await embedding(i);
    await post(block.wire);
    if (shows(await byVector(i), block.id)) found.published += 1;
    const withdrawn = await retraction(block.id);
    await post(withdrawn.wire);
    const since = performance.now();
    const [near, words] = [await byVector(i), await byWord(i)];
    times.push((performance.now() - since) / 2);
    if (shows(near, block.id) || shows(words, block.id)) found.afterwards += 1;
    gone.push([i, block.id]);
  }
  // A retraction that comes before its block.
  let early = 0;
  for (let i = rounds; i < rounds + 50; i++) {
    const block = await embedding(i);
    await post((await retraction(block.id)).wire);
    await post(block.wire);
    if (shows(await byVector(i), block.id)) early += 1;
    gone.push([i, block.id]);
  }
  const polled = { searches: 0, shown: 0, refused: 0 };
  const look = async (n) => {
    for (let j = 0; j < n; j++) {
      const [i, id] = gone[Math.floor(Math.random() * gone.length)];
      try {
        if (shows(await byVector(i), id) || shows(await byWord(i), id)) polled.shown += 1;
        polled.searches += 2;
      } catch {
        polled.refused += 1;
      }
    }
  };
  for (let round = 0; round < restarts; round++) {
    if (round % 2 === 0) process.kill(node.pid, 'SIGKILL');
    else await node.stop();
    await new Promise((resolve) => setTimeout(resolve, 300));
    writePlugin(3 + round);
    node = await startNode({ folder, keep: true, args: round % 3 === 2 ? [] : ['--plugin', plugin] });
    await look(100);
  }
  await node.stop();
  const result = {
    what: 'hide',
    ...found,
    early,
    restarts,
    polled,
    searchMs: { p50: [...times].sort((a, b) => a - b)[times.length >> 1] },
    ok: found.published === rounds && found.afterwards === 0 && early === 0 && polled.shown === 0,
  };
  record('../views/results/hide.jsonl', result);
  process.exitCode = result.ok ? 0 : 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
