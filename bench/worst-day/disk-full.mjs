/**
 * A full disk in every phase of a node's life, then space again: node bench/worst-day/disk-full.mjs [megabytes=48] [saveWaitSeconds=35] [phases]
 * Each phase must answer 507 `node.storage_full` or say so in words, go on serving reads and searches, lose nothing that
 * was acknowledged, and go on by itself when there is space. Needs the right to mount a tmpfs. Exit status 1 when broken.
 */
import { mkdirSync, openSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { conclude } from './conclude.mjs';
import { allIds, ask, followed, publish, run, search, start, until } from './live-node.mjs';
import { mountSmallDisk } from './small-disk.mjs';
import { blockMaker } from './wires.mjs';

const megabytes = Number(process.argv[2] ?? 48);
const saveWaitSeconds = Number(process.argv[3] ?? 35);
/** Names of the only phases to run, with commas between. */
const only = process.argv[4]?.split(',');
const disk = mountSmallDisk(megabytes);
if (disk === undefined) {
  console.error('skipped: a small disk needs the right to mount a tmpfs');
  process.exit(0);
}
const folder = join(disk.path, 'data');
const next = blockMaker({ dims: 256, textBytes: 400 });
const acknowledged = new Map();
const phases = [];
const broken = [];

async function phase(name, work) {
  if (only !== undefined && !only.includes(name)) return;
  const started = performance.now();
  let said;
  try {
    said = await work();
  } catch (error) {
    said = `BROKEN: ${error.message}`;
    broken.push(`${name}: ${error.message}`);
  }
  disk.free();
  phases.push({ name, said, ms: Math.round(performance.now() - started) });
  console.error(`${name}: ${said}`);
}

function demand(holds, what) {
  if (!holds) throw new Error(what);
}

/** Publishes until a block is refused; answers the refusal. */
async function publishUntilRefused(node, most = 100_000) {
  for (let i = 0; i < most; i++) {
    const block = await next();
    const answer = await publish(node.url, block.wire);
    if (answer.status !== 201) return answer;
    acknowledged.set(block.id, block.word);
  }
  throw new Error('the disk never got full');
}

function demandFull(answer) {
  demand(answer.status === 507 && answer.body?.code === 'node.storage_full', `${answer.status} ${answer.text}`);
}

/** What a user sees: reads and searches answer, and the last acknowledged block is found. */
async function demandServing(node) {
  const [id, word] = [...acknowledged].at(-1);
  const read = await ask(`${node.url}/v2/blocks/${id}`, { headers: { accept: 'application/json' } });
  demand(read.status === 200, `reading: ${read.status} ${read.text}`);
  const health = await ask(`${node.url}/health`);
  demand(health.status === 200, `health: ${health.status}`);
  for (const mode of ['words', 'vectors', 'hybrid']) {
    const query = mode === 'vectors' ? { like: { id: [...acknowledged.keys()][0] } } : { text: word };
    const answer = await search(node.url, { ...query, mode, k: 5 });
    demand(answer.status === 200, `search by ${mode}: ${answer.status} ${answer.text}`);
    const complete = answer.body.indexedTo === undefined || answer.body.hits.some((hit) => hit.id === id);
    if (mode === 'words') demand(complete || answer.body.indexedTo !== undefined, 'the last block is not found');
  }
}

/** Publishing works again without anybody's help, and everything acknowledged is there and found. */
async function demandRecovered(node) {
  const block = await next();
  await until(async () => (await publish(node.url, block.wire)).status < 300, 'accepting again', 15_000);
  acknowledged.set(block.id, block.word);
  const status = await followed(node.url, 60_000);
  const kept = await allIds(node.url);
  const lost = [...acknowledged.keys()].filter((id) => !kept.has(id));
  demand(lost.length === 0, `${lost.length} acknowledged blocks are gone`);
  const answer = await search(node.url, { text: block.word, mode: 'words', k: 3 });
  demand(answer.body?.hits?.[0]?.id === block.id, `the block after the recovery is not found: ${answer.text}`);
  const near = await search(node.url, { like: { id: block.id }, mode: 'vectors', k: 3 });
  demand(near.status === 200 && near.body.hits.length > 0, `nothing near it: ${near.text}`);
  return status;
}

await phase('first start', async () => {
  disk.fill();
  const { code, err } = await run(['start', '--data', folder, '--port', '0']).ended;
  demand(code === 1 && err.includes('node.storage_full'), `exit ${code}: ${err}`);
  disk.free();
  const node = await start(folder);
  for (let i = 0; i < 20; i++) {
    const block = await next();
    demand((await publish(node.url, block.wire)).status === 201, 'publishing');
    acknowledged.set(block.id, block.word);
  }
  await demandRecovered(node);
  demand((await node.stop()).code === 0, 'stopping');
  return 'refused with node.storage_full; starts when there is space';
});

let node = await start(folder);
await phase('accept', async () => {
  disk.fill(1 << 20);
  demandFull(await publishUntilRefused(node));
  demandFull(await publishUntilRefused(node));
  await demandServing(node);
  const many = await ask(`${node.url}/v2/blocks`, {
    method: 'POST',
    headers: { 'content-type': 'application/cbor-seq' },
    body: Buffer.concat(await Promise.all(Array.from({ length: 64 }, async () => (await next()).wire))),
  });
  demand(
    many.body?.results?.every(({ code }) => code === 'node.storage_full') === true,
    `several in one request: ${many.text.slice(0, 300)}`,
  );
  const ready = await ask(`${node.url}/ready`);
  demand(ready.status === 503 && /full/.test(ready.text), `ready: ${ready.status} ${ready.text}`);
  disk.free();
  await demandRecovered(node);
  demand((await ask(`${node.url}/ready`)).status === 200, 'ready again');
  return '507 node.storage_full, serving, accepting again by itself';
});

await phase('followers and log checkpoint', async () => {
  for (let round = 0; round < 4; round++) {
    disk.fill(round * 300_000);
    demandFull(await publishUntilRefused(node));
    await demandServing(node);
    disk.free();
    await demandRecovered(node);
  }
  return 'caught up each time';
});

await phase('index and views save', async () => {
  // Both save themselves within 30 s of a change.
  for (let i = 0; i < 50; i++) {
    const block = await next();
    if ((await publish(node.url, block.wire)).status === 201) acknowledged.set(block.id, block.word);
  }
  disk.fill();
  await new Promise((resolve) => setTimeout(resolve, saveWaitSeconds * 1000));
  await demandServing(node);
  const { body } = await ask(`${node.url}/v2/status`);
  disk.free();
  await demandRecovered(node);
  return `serving; notes: ${JSON.stringify(body.notes)}`;
});

await phase('erase', async () => {
  const token = readFileSync(join(folder, 'token'), 'utf8').trim();
  const [id, word] = [...acknowledged][3];
  const erase = () =>
    ask(`${node.url}/v2/erase`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
      body: JSON.stringify({ ids: [id], reason: 'takedown' }),
    });
  disk.fill(600_000);
  demandFull(await publishUntilRefused(node));
  disk.fill();
  const answer = await erase();
  demand(answer.status === 200 || answer.body?.code === 'node.storage_full', `${answer.status} ${answer.text}`);
  await demandServing(node);
  disk.free();
  demand((await erase()).status === 200, 'erasing with space');
  await demandRecovered(node);
  const found = await search(node.url, { text: word, mode: 'words', k: 3 });
  demand(!found.body.hits.some((hit) => hit.id === id), 'the erased block is still found');
  return answer.status === 200 ? 'done on the full disk' : '507 node.storage_full, done when there is space';
});

await phase('stop', async () => {
  const block = await next();
  demand((await publish(node.url, block.wire)).status === 201, 'publishing');
  acknowledged.set(block.id, block.word);
  disk.fill();
  const { code, err } = await node.stop();
  demand(code === 0, `exit ${code}: ${err.slice(-500)}`);
  disk.free();
  node = await start(folder);
  await demandRecovered(node);
  return 'stopped with status 0, started again';
});

await phase('start on a folder with blocks', async () => {
  await node.stop();
  disk.fill();
  const { code, err } = await run(['start', '--data', folder, '--port', '0']).ended;
  demand(code === 1 && err.includes('node.storage_full'), `exit ${code}: ${err}`);
  disk.free();
  node = await start(folder);
  await demandRecovered(node);
  return 'refused with node.storage_full; starts when there is space';
});

await phase('backup', async () => {
  const target = join(disk.path, 'backup');
  disk.fill(100_000);
  const { code, err } = await run(['backup', target, '--data', folder]).ended;
  demand(code === 1 && err.includes('node.storage_full'), `exit ${code}: ${err}`);
  await demandServing(node);
  demand(readdirSync(target).length === 0, `left behind: ${readdirSync(target)}`);
  disk.free();
  const again = await run(['backup', target, '--data', folder]).ended;
  demand(again.code === 0, `exit ${again.code}: ${again.err}`);
  const restored = join(disk.path, 'restored');
  disk.fill(100_000);
  const full = await run(['restore', target, '--data', restored]).ended;
  demand(full.code === 1 && full.err.includes('node.storage_full'), `restore: exit ${full.code}: ${full.err}`);
  disk.free();
  const fine = await run(['restore', target, '--data', restored]).ended;
  demand(fine.code === 0, `restore again: exit ${fine.code}: ${fine.err}`);
  await demandRecovered(node);
  return 'node.storage_full from backup and restore, nothing left behind, both work with space';
});

await phase('vacuum', async () => {
  await node.stop();
  disk.fill(100_000);
  const { code, err } = await run(['vacuum', '--data', folder]).ended;
  demand(code === 1 && err.includes('node.storage_full'), `exit ${code}: ${err}`);
  disk.free();
  node = await start(folder);
  await demandRecovered(node);
  return 'refused with node.storage_full, the store is whole';
});

await phase('log', async () => {
  await node.stop();
  mkdirSync(join(disk.path, 'logs'), { recursive: true });
  const file = openSync(join(disk.path, 'logs', 'node.log'), 'w');
  node = await start(folder, { log: 'debug', stderr: file });
  disk.fill();
  demandFull(await publishUntilRefused(node));
  for (let i = 0; i < 20; i++) await publish(node.url, (await next()).wire);
  await demandServing(node);
  disk.free();
  await demandRecovered(node);
  return 'lines are lost, the node is not';
});

const ended = await node.stop();
if (ended.code !== 0) broken.push(`stopping: exit ${ended.code}`);
const check = await run(['fsck', '--data', folder]).ended;
if (check.code !== 0) broken.push(`fsck: ${check.out}${check.err}`);
const left = readdirSync(folder).filter((name) => /\.(part|new|next|stale|\d+)/.test(name));
if (left.length > 0) broken.push(`left behind: ${left}`);
disk.unmount();
conclude(
  'disk-full',
  {
    what: 'full disk in every phase',
    n: acknowledged.size,
    dims: 256,
    megabytes,
    phases,
  },
  broken,
);
