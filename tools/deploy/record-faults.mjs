/**
 * The faults of docs/operators/worst-day.md planted in real nodes, and what Prometheus saw of them, as input of promtool's tests:
 * `node tools/deploy/record-faults.mjs` writes deploy/monitoring/recorded.test.yml. A sample is taken every five seconds and stands for a
 * minute there, so that an alert which waits for a quarter of an hour needs 75 s. Takes seven minutes; as root (a disk of its own that
 * fills up), with `prometheus` and `faketime`. By hand, when metrics or alerts change; CI runs the rules over what was recorded.
 */
import { spawn, spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { createBlock, createRegistry, corePlugins, readEnvelope, signerOfSeed } from '../../sdk/dist/index.js';
import { createLexicalEmbedder } from '../../sdk/dist/embedders/index.js';
import { createSky } from '../../sdk/dist/sky/index.js';
import { embeddingOf } from '../../sdk/dist/testing/index.js';
import { openDatabase } from '../../node/dist/store/sqlite/driver.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
const work = mkdtempSync(join(tmpdir(), 'cosmic-faults-'));
const STEP_S = 5;
const QUIET_S = 40;
const FAULT_S = 340;
/** More than CosmicFollowerBehind allows, and a plug-in that takes thirty in a second. */
const SLOW_BLOCKS = 14_000;

const freePort = () =>
  new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
const nodes = ['whole', 'dies', 'neglected', 'full', 'late', 'twin', 'copy', 'slow', 'starved', 'attacked'];
const ports = {};
for (const name of [...nodes, 'prometheus']) ports[name] = await freePort();
const peer = (name) => [`ws://127.0.0.1:${ports[name]}/v2/peer`];
const slowPlugin = join(work, 'slow.mjs');
const configs = {
  whole: { peers: peer('full') },
  neglected: { peers: peer('dies'), backup: { to: join(work, 'in-the-way'), everyMs: '1m' } },
  late: { peers: peer('attacked') },
  copy: { peers: peer('twin') },
  slow: { plugins: [slowPlugin] },
  attacked: { trustLoopback: false },
};
/** What is to fire of whom; of `whole`, nothing. */
const wanted = [
  ['dies', 'CosmicNodeDown', { job: 'cosmic', severity: 'critical' }],
  ['neglected', 'CosmicNoPeers', { job: 'cosmic', severity: 'warning' }],
  ['neglected', 'CosmicBackupFailing', { job: 'cosmic', severity: 'warning' }],
  ['neglected', 'CosmicDamaged', { job: 'cosmic', severity: 'critical' }],
  ['full', 'CosmicDiskFull', { job: 'cosmic', code: 'node.storage_full', severity: 'critical' }],
  ['full', 'CosmicNotReady', { job: 'cosmic', severity: 'warning' }],
  ['late', 'CosmicClockOff', { job: 'cosmic', severity: 'warning' }],
  ['late', 'CosmicNotReady', { job: 'cosmic', severity: 'warning' }],
  ['twin', 'CosmicNotReady', { job: 'cosmic', severity: 'warning' }],
  ['copy', 'CosmicNotReady', { job: 'cosmic', severity: 'warning' }],
  ['slow', 'CosmicFollowerBehind', { job: 'cosmic', follower: 'views', severity: 'warning' }],
  ['starved', 'CosmicOverloaded', { job: 'cosmic', severity: 'warning' }],
  ['attacked', 'CosmicBadSignatures', { job: 'cosmic', code: 'block.bad_signature', severity: 'warning' }],
  ['attacked', 'CosmicRefusing', { severity: 'info' }],
  ['attacked', 'CosmicAbuse', { signal: 'badSignatures', severity: 'warning' }],
  ['attacked', 'CosmicAbuse', { signal: 'failedLogins', severity: 'warning' }],
];
/** These are there from the start. */
const fromStart = new Set(['late', 'twin', 'copy']);

const children = new Map();
const start = (name, command, args) => {
  const child = spawn(command, args, { stdio: ['ignore', 'ignore', 'inherit'], cwd: work });
  children.set(name, child);
  return child;
};
const argsOf = (name) => {
  const bin = join(root, 'node/bin/cosmic-node.js');
  return [bin, 'start', '--data', join(work, name), '--port', String(ports[name]), '--log', 'silent'];
};
const startNode = (name) => start(name, process.execPath, argsOf(name));
const until = async (what, test) => {
  for (let i = 0; i < 1500; i++) {
    if (await test().catch(() => false)) return;
    await delay(200);
  }
  throw new Error(`gave up waiting for ${what}`);
};
const isUp = (name) => until(name, async () => (await fetch(`http://127.0.0.1:${ports[name]}/health`)).ok);
const ended = (child) => new Promise((resolve) => child.once('exit', resolve));
const post = (name, body) =>
  fetch(`http://127.0.0.1:${ports[name]}/v2/blocks`, {
    method: 'POST',
    headers: { 'content-type': 'application/cbor-seq' },
    body,
  }).then(
    (answer) => answer.text(),
    () => undefined,
  );
const joined = (parts) => new Uint8Array(Buffer.concat(parts));

const embedder = createLexicalEmbedder();
const [vector] = (await embedder.embed(['a kiln'], { role: 'passage' })).vectors;
const author = {
  signer: signerOfSeed(new Uint8Array(32).fill(9)),
  network: 'dev',
  registry: createRegistry(corePlugins),
  sky: createSky(),
};
let salts = 0;
const blockOf = async (text) => {
  const fields = embeddingOf(embedder.space, [{ text, vector, origin: 'fault' }]);
  const salt = () => new Uint8Array(new BigUint64Array([BigInt(++salts), 7n]).buffer);
  return (await createBlock({ kind: 'embedding/1', timeMs: Date.now() - 1000, fields }, { ...author, salt })).wire;
};
const ask = async (path, query) => {
  const url = `http://127.0.0.1:${ports.prometheus}/api/v1/${path}?${new URLSearchParams(query)}`;
  const answer = await (await fetch(url)).json();
  if (answer.status !== 'success') throw new Error(answer.error);
  return answer.data.result;
};

let starving;
try {
  for (const name of nodes) {
    mkdirSync(join(work, name), { mode: 0o700 });
    if (
      name === 'full' &&
      spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=24m', 'tmpfs', join(work, name)]).status !== 0
    )
      throw new Error('a disk of its own needs root');
    writeFileSync(join(work, name, 'config.json'), JSON.stringify({ home: [], verifyWorkers: 1, ...configs[name] }));
  }
  writeFileSync(join(work, 'in-the-way'), 'no folder');
  writeFileSync(
    slowPlugin,
    `const wait = new Int32Array(new SharedArrayBuffer(4));
export default { name: 'slow', kinds: [], views: [{ name: 'slow', version: 1, kinds: ['embedding/1'], tables: { seen: { key: ['id'] } },
  body: ({ id }) => (Atomics.wait(wait, 0, 0, 30), { seen: [{ id }] }) }] };
`,
  );
  console.log('nodes start');
  for (const name of nodes)
    if (name === 'late') start(name, 'faketime', ['-f', '-600s', process.execPath, ...argsOf(name)]);
    else if (name !== 'copy') startNode(name);
  await isUp('twin');
  // Somebody copied the folder.
  cpSync(join(work, 'twin', 'node.key'), join(work, 'copy', 'node.key'));
  startNode('copy');
  for (const name of nodes) await isUp(name);
  const targets = nodes.map((name) => `  - {targets: ['127.0.0.1:${ports[name]}'], labels: {instance: ${name}}}`);
  writeFileSync(
    join(work, 'prometheus.yml'),
    `global: {scrape_interval: ${STEP_S}s}\nscrape_configs:\n  - job_name: cosmic\n    static_configs:\n    ${targets.join('\n    ')}\n`,
  );
  const web = `--web.listen-address=127.0.0.1:${ports.prometheus}`;
  start('prometheus', 'prometheus', [
    '--config.file=prometheus.yml',
    web,
    '--storage.tsdb.path=tsdb',
    '--log.level=error',
  ]);
  await until('all of them', async () => (await ask('query', { query: 'up == 1' })).length === nodes.length);
  await until(
    'a peer',
    async () => (await ask('query', { query: 'cosmic_peers_connected{instance="neglected"} == 1' })).length === 1,
  );

  console.log('blocks are made');
  const one = await blockOf('The kiln is fired at night.');
  const { end } = readEnvelope(one).envelope;
  // Of each 200 blocks another byte of the signature, or of the body, is changed.
  const forged = (from) =>
    joined(
      Array.from({ length: 200 }, (_, i) =>
        one.map((byte, at) => (at === from + (i % 50) ? byte ^ (1 + Math.floor(i / 50)) : byte)),
      ),
    );
  const [badSignatures, badBodies] = [forged(end - 60), forged(one.length - 60)];
  for (let i = 0; i < 20; i++) await post('neglected', await blockOf(`kept ${i}`));
  const many = [];
  for (let i = 0; i < SLOW_BLOCKS; i++) many.push(await blockOf(`many ${i}`));
  // A counter is there from the first refusal on.
  await post('attacked', badSignatures);
  await post('attacked', badBodies);

  console.log('quiet');
  const fromS = Math.floor(Date.now() / 1000);
  await delay(QUIET_S * 1000);
  console.log('faults');
  // It is killed; started again with a setting that is none, and then without its key, it does not start.
  children.get('dies').kill('SIGKILL');
  writeFileSync(join(work, 'dies/config.json'), JSON.stringify({ retension: {} }));
  const misspelt = await ended(startNode('dies'));
  rmSync(join(work, 'dies/config.json'));
  rmSync(join(work, 'dies/node.key'));
  const keyless = await ended(startNode('dies'));
  if (misspelt !== 1 || keyless !== 1) throw new Error('it starts all the same');
  const database = openDatabase('better-sqlite3', join(work, 'neglected/store.sqlite'));
  database.exec('UPDATE bytes SET body = zeroblob(length(body)) WHERE block IN (SELECT block FROM bytes LIMIT 3)');
  database.close();
  const looked = spawnSync(process.execPath, [argsOf('neglected')[0], 'fsck', '--data', join(work, 'neglected')]);
  if (looked.status !== 1) throw new Error(`fsck ended with ${looked.status}: ${looked.stderr}`);
  spawnSync('dd', ['if=/dev/zero', `of=${join(work, 'full/others')}`, 'bs=64k'], { stdio: 'ignore' });
  // A host that gives it a seventh of the time.
  const { pid } = children.get('starved');
  let isStopped = false;
  const starve = () => {
    isStopped = !isStopped;
    process.kill(pid, isStopped ? 'SIGSTOP' : 'SIGCONT');
    starving = setTimeout(starve, isStopped ? 400 : 60);
  };
  starve();
  const endMs = Date.now() + FAULT_S * 1000;
  for (let at = 0; at < many.length; at += 1000) await post('slow', joined(many.slice(at, at + 1000)));
  for (let round = 0; Date.now() < endMs; round++) {
    const tick = delay(STEP_S * 1000);
    const guesses = Array.from({ length: 25 }, (_, i) =>
      fetch(`http://127.0.0.1:${ports.attacked}/v2/status`, { headers: { authorization: `Bearer guess-${i}` } }).then(
        (answer) => answer.text(),
        () => undefined,
      ),
    );
    const bad = [badSignatures, badBodies, badBodies, badBodies, badBodies].map((body) => post('attacked', body));
    await Promise.all([...bad, post('full', await blockOf(`round ${round}`)), ...guesses]);
    await tick;
  }
  const toS = Math.floor(Date.now() / 1000);
  const rules = readFileSync(join(root, 'deploy/monitoring/alerts.yml'), 'utf8');
  const metrics = new Set(
    ['up', ...rules.matchAll(/expr: .*/g)].flatMap((line) => String(line).match(/\b(cosmic_\w+|up)\b/g) ?? []),
  );
  const series = [];
  for (const metric of metrics) {
    if (metric.endsWith('_timestamp_seconds')) continue;
    for (const { metric: labels, values } of await ask('query_range', {
      query: metric,
      start: fromS,
      end: toS,
      step: STEP_S,
    })) {
      const { __name__: name, ...rest } = labels;
      const at = new Map(values.map(([second, value]) => [Math.round((second - fromS) / STEP_S), short(value)]));
      const all = Array.from({ length: Math.floor((toS - fromS) / STEP_S) + 1 }, (_, i) => at.get(i) ?? '_');
      if (all.every((value) => value === 'NaN' || value === '_')) continue;
      const pairs = Object.entries(rest).map(([label, value]) => `${label}="${value}"`);
      series.push(`      - { series: '${name}{${pairs.join(', ')}}', values: '${runs(all)}' }`);
    }
  }
  const minutes = Math.floor((toS - fromS) / STEP_S);
  // At any time: a fault may be over before the end, and an alert begins to wait anew where this machine was too busy to answer.
  const tests = wanted.flatMap(([instance, alertname, labels]) => {
    const named = Object.entries({ alertname, alertstate: 'firing', instance, ...labels })
      .map(([label, value]) => `${label}="${value}"`)
      .join(', ');
    const test = (minute, samples) =>
      `      - { expr: 'max_over_time(ALERTS{${named}}[${minute}m])', eval_time: ${minute}m, exp_samples: [${samples}] }`;
    const before = fromStart.has(instance) ? [] : [test(Math.floor(QUIET_S / STEP_S) - 2, '')];
    return [...before, test(minutes - 1, `{ labels: '{${named}}', value: 1 }`)];
  });
  const nothing = `      - { expr: 'ALERTS{instance="whole"}', eval_time: ${minutes - 1}m, exp_samples: [] }`;
  writeFileSync(
    join(root, 'deploy/monitoring/recorded.test.yml'),
    `# Made by tools/deploy/record-faults.mjs from real nodes: a sample every ${STEP_S} s stands for a minute. promtool test rules recorded.test.yml\nrule_files:\n  - alerts.yml\nevaluation_interval: 1m\ntests:\n  - interval: 1m\n    input_series:\n${series.join('\n')}\n    promql_expr_test:\n${tests.join('\n')}\n${nothing}\n`,
  );
  console.log(`${series.length} series of ${minutes} samples`);
} finally {
  clearTimeout(starving);
  for (const child of children.values())
    if (child.exitCode === null && child.signalCode === null) {
      child.kill('SIGCONT');
      const gone = ended(child);
      child.kill();
      await Promise.race([gone, delay(20_000)]);
      child.kill('SIGKILL');
    }
  spawnSync('umount', [join(work, 'full')]);
  rmSync(work, { recursive: true, force: true });
}

/** Enough digits for a threshold. */
function short(value) {
  const number = Number(value);
  return Number.isNaN(number) ? 'NaN' : String(Number.isInteger(number) ? number : Number(number.toPrecision(3)));
}

/** In promtool's words: `5x3` is four times five. */
function runs(values) {
  const out = [];
  for (let i = 0; i < values.length;) {
    let j = i;
    // It has no word for several of these.
    while (values[i] !== 'NaN' && values[j + 1] === values[i]) j++;
    const times = j - i;
    out.push(times === 0 ? values[i] : values[i] === '_' ? `_x${times + 1}` : `${values[i]}x${times}`);
    i = j + 1;
  }
  return out.join(' ');
}
