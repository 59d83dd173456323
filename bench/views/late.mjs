/**
 * A plug-in that comes late: its blocks arrive among others before it is there, then it is switched on, upgraded, and taken away,
 * on a folder of many blocks (bench/search/cost.mjs makes one): node bench/views/late.mjs STORE [votes=5000]
 * Says how soon its view answers in full after each start, and whether what was withdrawn was ever shown; results/late.jsonl.
 */
import { createHash, randomBytes } from 'node:crypto';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { corePlugins, createBlock, createRegistry, packRows } from '@cosmicembeddings/sdk';
import { createSky } from '@cosmicembeddings/sdk/sky';
import { spaceIdOf } from '@cosmicembeddings/sdk/space';
import { benchSpace, fastSigner } from '../accept/blocks.mjs';
import { json, startNode } from '../accept/node-process.mjs';
import { record } from '../accept/record.mjs';

const [folder, votes = '5000'] = process.argv.slice(2);
if (folder === undefined) {
  console.error('name a folder with a store');
  process.exit(2);
}
const AUTHORS = 50;
const POLLS = Number(votes) / AUTHORS;
const run = randomBytes(4).toString('hex');
const source = fileURLToPath(new URL('../../examples/poll/plugin.js', import.meta.url));
const { default: poll } = await import(source);
const plugin = join(folder, '..', `late-${run}.mjs`);
const writePlugin = (version) =>
  writeFileSync(
    plugin,
    readFileSync(source, 'utf8')
      .replaceAll("'@cosmicembeddings/sdk/", `'${fileURLToPath(new URL('../../sdk/dist/', import.meta.url))}`)
      .replace("dist/kinds'", "dist/kinds/index.js'")
      .replace("dist/schema'", "dist/schema/index.js'")
      .replace('version: 2,', `version: ${version},`),
  );
const authorOf = (name) => ({
  network: 'dev',
  registry: createRegistry([...corePlugins, poll]),
  sky: createSky(),
  salt: () => new Uint8Array(randomBytes(16)),
  signer: fastSigner(createHash('sha256').update(`${run} ${name}`).digest()),
});
const startMs = Date.now() - 3_600_000;
let made = 0;
const block = (author, kind, fields, refs = []) =>
  createBlock({ kind, timeMs: startMs + made++, fields, refs }, author);

let node;
const restart = async (args) => {
  await node?.stop();
  const since = performance.now();
  node = await startNode({ folder, keep: true, args });
  return since;
};
const post = async (wires) => {
  const response = await fetch(`${node.url}/v2/blocks`, {
    method: 'POST',
    headers: { 'content-type': 'application/cbor-seq' },
    body: Buffer.concat(wires),
  });
  if (!response.ok) throw new Error(`${response.status} ${await response.text()}`);
};
const space = { ...benchSpace, model: `bench/late-${run}`, dims: 8, normalized: false };
const vector = [1, 2, 3, 4, 5, 6, 7, 8];
const polled = { searches: 0, shown: 0, refused: 0 };
let withdrawn;
const look = async () => {
  const response = await fetch(`${node.url}/v2/search`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ k: 3, vector: { space: spaceIdOf(space), values: vector } }),
  });
  if (!response.ok) return void (polled.refused += 1);
  polled.searches += 1;
  if ((await response.json()).hits.some(({ id }) => id === withdrawn)) polled.shown += 1;
};
const tallyOf = async (id) => {
  const response = await fetch(`${node.url}/v2/views/poll/result?id=${id}`);
  if (!response.ok) return undefined;
  const { result } = await response.json();
  return result.result.reduce((sum, one) => sum + one.votes, 0);
};
/** Milliseconds until every poll that is looked at has all its votes; meanwhile what was withdrawn is searched for. */
const answers = async (since, ids) => {
  for (;;) {
    await look();
    const counts = await Promise.all(ids.map(tallyOf));
    if (counts.every((count) => count === AUTHORS)) return Math.round(performance.now() - since);
    if (performance.now() - since > 120_000) throw new Error(`after two minutes: ${counts}`);
  }
};

try {
  await restart([]);
  const { blocks } = (await json(`${node.url}/v2/status`)).counts;
  const authors = Array.from({ length: AUTHORS }, (_, i) => authorOf(i));
  const shown = await block(authors[0], 'embedding/1', {
    space,
    embedding: packRows([Float32Array.from(vector)], 'f32'),
    input_type: 'text',
    input_reference: [{ hash: new Uint8Array(32), origin: 'late' }],
  });
  withdrawn = shown.id;
  await post([shown.wire]);
  await post([(await block(authors[0], 'retract/1', {}, [{ rel: 'retracts', id: withdrawn }])).wire]);
  const ids = [];
  for (let p = 0; p < POLLS; p++) {
    const opened = await block(authors[0], 'poll.example/1', { question: `Which of ${p}?`, options: ['a', 'b'] });
    ids.push(opened.id);
    const cast = await Promise.all(
      authors.map((author, i) => block(author, 'poll.example/1', { choice: i % 2 }, [{ rel: 'about', id: opened.id }])),
    );
    await post([opened.wire, ...cast.map(({ wire }) => wire)]);
  }
  const some = [ids[0], ids[ids.length >> 1], ids.at(-1)];
  const inert = (await fetch(`${node.url}/v2/views/poll/result?id=${ids[0]}`)).status;
  writePlugin(2);
  const onMs = await answers(await restart(['--plugin', plugin]), some);
  writePlugin(3);
  const upgradedMs = await answers(await restart(['--plugin', plugin]), some);
  await restart([]);
  for (let i = 0; i < 50; i++) await look();
  const removed = (await fetch(`${node.url}/v2/views/poll/result?id=${ids[0]}`)).status;
  const againMs = await answers(await restart(['--plugin', plugin]), some);
  record('../views/results/late.jsonl', {
    what: 'late plug-in',
    others: blocks,
    votes: POLLS * AUTHORS,
    without: inert,
    onMs,
    upgradedMs,
    removed,
    againMs,
    polled,
    ok: polled.shown === 0 && inert === 404 && removed === 404,
  });
} finally {
  await node?.stop();
  rmSync(plugin, { force: true });
}
process.exit();
