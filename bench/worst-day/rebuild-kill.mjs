/**
 * Kills a node with SIGKILL while it makes its words, its vectors or a view anew, and starts it again, while searches ask for
 * what was withdrawn: node bench/worst-day/rebuild-kill.mjs [blocks=5000] [rounds=30] [seed]
 * Nothing withdrawn may be shown; what stands is found, or the answer says that it does not reach so far; in the end all is found.
 */
import { createHash, randomBytes } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { corePlugins, createBlock, createRegistry, didOf } from '@cosmicembeddings/sdk';
import { createSky } from '@cosmicembeddings/sdk/sky';
import { fastSigner } from '../accept/blocks.mjs';
import { conclude } from './conclude.mjs';
import { randomOf } from './blocks.mjs';
import { ask, followed, publish, run, search, start } from './live-node.mjs';
import { makeWires } from './wires.mjs';

const [blocks = 5_000, rounds = 30, seed = Date.now() % 1_000_000] = process.argv.slice(2).map(Number);
const DIMS = 32;
/** Files of views when all is made: those of the SDK and the plug-in's. */
let cones = Infinity;
const WITHDRAWN = 4;
const AT_ONCE = 500;
const random = randomOf(seed);
const begun = performance.now();
const folder = mkdtempSync(join(tmpdir(), 'cosmic-rebuild-kill-'));
const plugin = join(folder, 'plugin.mjs');
const broken = [];
const counts = { searches: 0, shown: 0, refused: 0, unfinished: 0, killedStarting: 0, killedRebuilding: 0, answers: 0 };
let round = 0;

/** The example's poll whose view reads the core's, so that another version makes what hides blocks anew. */
const writePlugin = (version) =>
  writeFileSync(
    plugin,
    readFileSync(fileURLToPath(new URL('../../examples/poll/plugin.js', import.meta.url)), 'utf8')
      .replaceAll("'@cosmicembeddings/sdk/", `'${fileURLToPath(new URL('../../sdk/dist/', import.meta.url))}`)
      .replace("dist/kinds'", "dist/kinds/index.js'")
      .replace("dist/schema'", "dist/schema/index.js'")
      .replace('version: 2,', `version: ${version}, reads: ['identities@2'],`),
  );
const author = {
  network: 'dev',
  registry: createRegistry(corePlugins),
  sky: createSky(),
  salt: () => new Uint8Array(randomBytes(16)),
  signer: fastSigner(createHash('sha256').update(`worst day ${seed}`).digest()),
};
const own = didOf(author.signer.publicKey);
const flip = (path, at) => {
  const bytes = readFileSync(path);
  bytes[at < 0 ? bytes.length + at : at] ^= 0x41;
  writeFileSync(path, bytes);
};
const rowsFile = () => {
  const index = join(folder, 'index');
  return join(
    index,
    readdirSync(index).find((name) => name.startsWith('bafy')),
    'rows.f32',
  );
};
/** What is to be made anew: each is done to the folder of a node that has ended. */
const harms = [
  () => rmSync(join(folder, 'text.sqlite'), { force: true }),
  () => rmSync(join(folder, 'index', 'index.bin'), { force: true }),
  () => writePlugin(3 + round),
  () => flip(join(folder, 'text.sqlite'), 3),
  () => flip(rowsFile(), -100),
  () => {
    for (const name of readdirSync(join(folder, 'views')))
      if (name.endsWith('.sqlite')) flip(join(folder, 'views', name), 3);
  },
];
/** Something was not made to its end, as the folder shows. */
const isUnfinished = () =>
  existsSync(join(folder, 'text.sqlite.new')) ||
  !existsSync(join(folder, 'text.sqlite')) ||
  !existsSync(join(folder, 'index', 'index.bin')) ||
  readdirSync(join(folder, 'views')).filter((name) => name.endsWith('.sqlite')).length > cones;
const whole = async (url) => {
  const { body } = await ask(`${url}/v2/status`);
  return body?.followers?.every(({ lag }) => lag === 0);
};

/** One look in every way at something withdrawn and something that stands. */
async function look(url, gone, stands) {
  const before = (await ask(`${url}/v2/status`)).body?.head?.seq;
  const withdrawn = gone[Math.floor(random() * gone.length)];
  const other = stands[Math.floor(random() * stands.length)];
  for (const request of [
    { text: withdrawn.word, mode: 'words' },
    { vector: withdrawn.vector, mode: 'vectors' },
    { vector: other.vector, mode: 'vectors' },
    { text: other.word, mode: 'words' },
  ]) {
    const { status, body, text } = await search(url, { k: 20, ...request });
    if (status === 0) return;
    counts.searches += 1;
    if (status === 503) counts.refused += 1;
    else if (status !== 200) throw new Error(`a search was answered ${status}: ${text}`);
    else {
      const shown = body.hits.find(({ id }) => gone.some((one) => one.id === id));
      if (shown !== undefined) {
        counts.shown += 1;
        broken.push(`round ${round}: ${shown.id} was withdrawn and is shown by ${request.mode}`);
      }
      const asksOther = request.text === other.word || request.vector === other.vector;
      const isWhole = before !== undefined && body.indexedTo.seq >= before;
      if (!asksOther || body.hits.some(({ id }) => id === other.id)) continue;
      if (isWhole) broken.push(`round ${round}: ${other.id} stands and is not found by ${request.mode}`);
      else counts.unfinished += 1;
    }
  }
  const { status } = await ask(`${url}/v2/views/identities/of?author=${encodeURIComponent(own)}`);
  if (status === 200) counts.answers += 1;
}

/** Looks until `done`, which is asked in between. */
async function watch(url, gone, stands, done) {
  for (let i = 0; ; i++) {
    await look(url, gone, stands);
    if (i >= 1 && (await done())) return;
  }
}

try {
  writePlugin(2);
  const args = ['--plugin', plugin];
  let node = await start(folder, { args });
  const made = await makeWires(blocks, { seed, dims: DIMS });
  for (let i = 0; i < made.length; i += AT_ONCE) {
    const { status, text } = await publish(node.url, Buffer.concat(made.slice(i, i + AT_ONCE).map(({ wire }) => wire)));
    if (status >= 300) throw new Error(`publishing: ${status} ${text.slice(0, 300)}`);
  }
  const { counts: kept } = await followed(node.url, 300_000);
  const read = async ({ id, word }) => {
    const { body } = await ask(`${node.url}/v2/blocks/${id}?vectors=json`);
    return { id, word, vector: { space: kept.spaces[0].id, values: body.embedding.values[0] } };
  };
  const step = Math.floor(made.length / WITHDRAWN);
  const gone = [];
  const stands = [];
  for (let i = 0; i < WITHDRAWN; i++) {
    gone.push(await read(made[i * step]));
    for (let j = 1; j < 4; j++) stands.push(await read(made[i * step + j]));
  }
  for (const { id } of gone) {
    const { wire } = await createBlock(
      { kind: 'retract/1', timeMs: Date.now(), fields: {}, refs: [{ rel: 'retracts', id }] },
      author,
    );
    const { status, text } = await publish(node.url, Buffer.from(wire), '?wait=indexed');
    if (status >= 300) throw new Error(`withdrawing: ${status} ${text}`);
  }
  await look(node.url, gone, stands);
  cones = readdirSync(join(folder, 'views')).filter((name) => name.endsWith('.sqlite')).length;
  for (round = 1; round <= rounds; round++) {
    const { code, err } = await node.stop();
    if (code !== 0) throw new Error(`stopping: ${code}: ${err}`);
    harms[(round - 1) % harms.length]();
    // Killed once before it listens or at any moment of the rebuilding, then left to come to its end.
    if (random() < 0.5) {
      const early = run(['start', '--data', folder, '--port', '0', '--log', 'warn', ...args]);
      await Promise.race([new Promise((resolve) => setTimeout(resolve, 300 + random() * 900)), early.ended]);
      early.kill('SIGKILL');
      await early.ended;
      counts.killedStarting += 1;
      if (isUnfinished()) counts.killedRebuilding += 1;
    } else {
      const short = await start(folder, { args });
      const endMs = performance.now() + random() * Math.min(3_000, blocks / 5);
      while (performance.now() < endMs) await look(short.url, gone, stands);
      short.kill('SIGKILL');
      await short.ended;
      if (isUnfinished()) counts.killedRebuilding += 1;
    }
    node = await start(folder, { args });
    const endMs = performance.now() + 120_000;
    await watch(node.url, gone, stands, async () => {
      if (performance.now() > endMs) throw new Error('not whole within two minutes');
      return whole(node.url);
    });
    await look(node.url, gone, stands);
  }
  round = rounds;
  await node.stop();
  const sound = await run(['fsck', '--data', folder]).ended;
  if (sound.code !== 0) broken.push(`fsck: ${sound.out}${sound.err}`);
} catch (error) {
  broken.push(`round ${round}: ${error.message}`);
}
if (broken.length === 0) rmSync(folder, { recursive: true, force: true });
else console.error(`the folder is kept: ${folder}`);
conclude(
  'rebuild-kill',
  {
    what: 'kill -9 during a rebuild',
    n: blocks,
    dims: DIMS,
    rounds: round,
    seed,
    ...counts,
    seconds: Math.round((performance.now() - begun) / 1000),
  },
  broken,
);
