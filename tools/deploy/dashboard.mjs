/**
 * Every query of the Grafana dashboard returns data, and promtool finds nothing to say of the metrics: Prometheus scrapes a
 * real node under load.
 * Usage: node tools/deploy/dashboard.mjs      (needs `prometheus` and `promtool` on the PATH)
 */
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));
const work = mkdtempSync(join(tmpdir(), 'cosmic-dashboard-'));
const children = [];
const freePort = () =>
  new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
const start = (command, args) => children.push(spawn(command, args, { stdio: 'ignore', cwd: work }));
const until = async (what, test) => {
  for (let i = 0; i < 150; i++) {
    if (await test().catch(() => false)) return;
    await delay(200);
  }
  throw new Error(`gave up waiting for ${what}`);
};
const cosmic = (...args) =>
  new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [join(root, 'cli/bin/cosmic.js'), '--home', join(work, 'home'), ...args], {
      stdio: 'ignore',
    });
    child.once('exit', (code) => (code === 0 ? resolve() : reject(new Error(`cosmic ${args[0]} ended with ${code}`))));
  });

try {
  const [nodePort, port] = [await freePort(), await freePort()];
  const url = `http://127.0.0.1:${nodePort}`;
  start(process.execPath, [
    join(root, 'node/bin/cosmic-node.js'),
    'start',
    '--data',
    join(work, 'data'),
    '--port',
    String(nodePort),
  ]);
  await until('the node', async () => (await fetch(`${url}/health`)).ok);
  writeFileSync(
    join(work, 'prometheus.yml'),
    `global: {scrape_interval: 1s}\nscrape_configs:\n  - job_name: cosmic\n    static_configs: [{targets: ['127.0.0.1:${nodePort}']}]\n`,
  );
  start('prometheus', [
    '--config.file=prometheus.yml',
    `--web.listen-address=127.0.0.1:${port}`,
    '--storage.tsdb.path=tsdb',
  ]);
  await cosmic('init', '--json');
  await until('prometheus', async () => (await fetch(`http://127.0.0.1:${port}/-/ready`)).ok);
  // A load that lasts over several scrapes: rates need two.
  await cosmic('publish', join(root, 'specs'), '--node', url, '--json');
  await fetch(`${url}/v2/blocks`, {
    method: 'POST',
    headers: { 'content-type': 'application/cbor-seq' },
    body: Uint8Array.of(0xd2, 1, 2),
  });
  const { panels } = JSON.parse(readFileSync(join(root, 'deploy/monitoring/grafana/dashboard.json'), 'utf8'));
  const queries = panels.flatMap(({ title, targets }) => targets.map(({ expr }) => ({ title, expr })));
  const valueOf = async (expr) => {
    const query = expr.replaceAll('$__rate_interval', '10s').replaceAll('$instance', '.*');
    const answer = await fetch(`http://127.0.0.1:${port}/api/v1/query?${new URLSearchParams({ query })}`);
    const { status, data, error } = await answer.json();
    if (status !== 'success') throw new Error(`${expr}: ${error}`);
    return data.result;
  };
  let silent = queries;
  for (let round = 0; round < 20 && silent.length > 0; round++) {
    for (let i = 0; i < 20; i++)
      await fetch(`${url}/v2/search`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ text: `how is a block signed? ${round} ${i}`, k: 5 }),
      }).then((response) => response.text());
    await delay(1000);
    const results = await Promise.all(silent.map(async (query) => ({ query, result: await valueOf(query.expr) })));
    silent = results.filter(({ result }) => result.length === 0).map(({ query }) => query);
  }
  for (const { title, expr } of silent) console.error(`no data: ${title}: ${expr}`);
  console.log(`${queries.length - silent.length} of ${queries.length} queries of the dashboard return data`);
  process.exitCode = silent.length === 0 ? 0 : 1;
  // Names, units and help texts as Prometheus wants them, with every series that the load has brought about.
  const checked = spawnSync('promtool', ['check', 'metrics'], {
    input: await (await fetch(`${url}/metrics`)).text(),
    encoding: 'utf8',
  });
  const said = `${checked.stdout ?? ''}${checked.stderr ?? ''}`.trim();
  const clean = checked.status === 0 && said === '';
  console.log(clean ? 'promtool check metrics: clean' : `promtool check metrics: ${checked.error ?? said}`);
  if (!clean) process.exitCode = 1;
} finally {
  for (const child of children) child.kill('SIGTERM');
  await delay(1500);
  for (const child of children) child.kill('SIGKILL');
  rmSync(work, { recursive: true, force: true });
}
