/**
 * The parts of a node, each alone, in a process of its own: what a perfect composition of them could reach on these cores.
 * Told by its parent `{data, seed, rows}`. Blocks are decoded, signatures verified, checked blocks stored durably: those three are the
 * ceiling. Beside it the whole check without the signature (decoding, hashes, sky, schemas); then text index and bare graph
 * (usearch, 8 bits) side by side.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { checkAny, corePlugins, createRegistry, decodeBody, nextBlock, openBlock } from '@cosmicembeddings/sdk';
import { createSky } from '@cosmicembeddings/sdk/sky';
import { sha256, verifierOf } from '../../node/dist/door/crypto/index.js';
import { openSqlite } from '../../node/dist/store/sqlite/index.js';
import { CHUNK } from './layout.mjs';
import { blockFiles, readVectors } from './made.mjs';
import { DIMS } from './vectors.mjs';

const BATCH = 512;
/** Blocks that are checked in this process; their cost does not grow with their number. */
const CHECKED = 10_000;

/** Wall and CPU time of some work, in µs of each of `count` pieces. */
async function costOf(count, work) {
  const cpu = process.cpuUsage();
  const started = performance.now();
  await work();
  const { user, system } = process.cpuUsage(cpu);
  const wallUs = ((performance.now() - started) * 1000) / count;
  return { cpuUs: Number(((user + system) / count).toFixed(1)), perSecond: Math.round(1e6 / wallUs) };
}

function wiresIn(file) {
  const wires = [];
  for (let rest = readFileSync(file); rest.length > 0;) {
    const next = nextBlock(rest);
    if (next.status !== 'ok') throw new Error(`${file}: no block`);
    wires.push(rest.subarray(0, next.end));
    rest = rest.subarray(next.end);
  }
  return wires;
}

async function measure({ data, seed, rows }) {
  const { name, verify } = verifierOf('auto');
  const signed = [];
  const checks = {
    network: 'dev',
    registry: createRegistry(corePlugins),
    sha256,
    sky: createSky({ sha256 }),
    verify: (...parts) => signed.push(parts) > 0,
  };
  const files = blockFiles({ data, seed, to: rows / CHUNK });
  const folder = mkdtempSync(join(tmpdir(), 'cosmic-scale-parts-'));
  const store = await openSqlite({ folder, network: 'dev', node: 'did:key:zBench', engine: 'auto' });
  try {
    let checked = [];
    const check = (wires) => {
      checked = wires.map((wire) => checkAny(wire, checks));
      const refused = checked.find((one) => one.status !== 'checked');
      if (refused !== undefined) throw new Error(`refused: ${JSON.stringify(refused)}`);
    };
    const first = wiresIn(files[0]).slice(0, CHECKED);
    check(first.slice(0, 1000));
    signed.length = 0;
    const decode = await costOf(first.length, () => {
      for (const wire of first) if (decodeBody(openBlock(wire).block.body).status !== 'ok') throw new Error('no body');
    });
    const checkedCost = await costOf(first.length, () => check(first));
    const verified = await costOf(signed.length, () => {
      for (const parts of signed) if (!verify(...parts)) throw new Error('a signature does not verify');
    });
    let storeCpuUs = 0;
    let storeSeconds = 0;
    for (const file of files) {
      signed.length = 0;
      check(wiresIn(file));
      const underWay = [];
      const spent = await costOf(checked.length, async () => {
        for (let at = 0; at < checked.length; at += BATCH) {
          const blocks = checked.slice(at, at + BATCH).map((block, i) => ({ block, firstSeenMs: at + i }));
          underWay.push(store.store.put(blocks));
          if (underWay.length > 3) await underWay.shift();
        }
        await Promise.all(underWay);
      });
      storeCpuUs += spent.cpuUs * checked.length;
      storeSeconds += checked.length / spent.perSecond;
    }
    const stored = { cpuUs: Number((storeCpuUs / rows).toFixed(1)), perSecond: Math.round(rows / storeSeconds) };
    const flat = readVectors({ data, seed, rows });
    const bare = await bareIndexes(store, flat, rows, folder);
    const sum = decode.cpuUs + verified.cpuUs + stored.cpuUs;
    return {
      verifier: name,
      engine: store.engine,
      decode,
      check: checkedCost,
      verify: verified,
      store: stored,
      ceilingPerSecond: Math.round((availableParallelism() * 1e6) / sum),
      ...bare,
    };
  } finally {
    await store.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Text index and graph side by side over what is stored; absent where usearch is not installed. */
async function bareIndexes(store, flat, rows, folder) {
  let usearch;
  try {
    usearch = (await import('./peers/usearch.mjs')).usearchPeer('I8', { folder, dims: DIMS });
  } catch (error) {
    return { bareSkipped: String(error.message).split('\n')[0] };
  }
  const started = performance.now();
  store.text.notify(await store.store.head());
  const words = store.text.catchUp(Date.now() + 600_000);
  // Its thread is told before this one is busy.
  await new Promise((resolve) => setTimeout(resolve, 5));
  usearch.index(flat);
  const bareGraphSeconds = Number(((performance.now() - started) / 1000).toFixed(2));
  await words;
  const seconds = (performance.now() - started) / 1000;
  return { bareGraphSeconds, bareSeconds: Number(seconds.toFixed(2)), barePerSecond: Math.round(rows / seconds) };
}

// Without its parent it has nobody to tell.
process.on('disconnect', () => process.exit());
process.on('message', async (job) => {
  try {
    process.send({ done: await measure(job) });
  } catch (error) {
    console.error(error);
    process.exit(1);
  }
});
