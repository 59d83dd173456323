/** A real node in a process and a data folder of its own. */
import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Another build's may be named instead. */
const binOf = () =>
  process.env.BENCH_NODE_BIN ?? fileURLToPath(new URL('../../node/bin/cosmic-node.js', import.meta.url));

export async function startNode({
  folder = mkdtempSync(join(tmpdir(), 'cosmic-bench-')),
  args = [],
  keep = false,
} = {}) {
  const started = performance.now();
  const child = spawn(
    process.execPath,
    [
      ...(process.env.BENCH_NODE_FLAGS?.split(' ') ?? []),
      binOf(),
      'start',
      '--data',
      folder,
      '--port',
      '0',
      '--log',
      'warn',
      ...args,
    ],
    // As `cosmic node start` does (cli/src/node-process.ts).
    { stdio: ['ignore', 'pipe', 'inherit'], env: { MALLOC_ARENA_MAX: '2', ...process.env } },
  );
  const url = await new Promise((resolve, reject) => {
    let out = '';
    child.stdout.on('data', (chunk) => {
      out += chunk;
      if (out.includes('\n')) resolve(JSON.parse(out.split('\n')[0]).listening);
    });
    child.once('exit', (code) => reject(new Error(`node ended with ${code}`)));
  });
  return {
    url,
    folder,
    pid: child.pid,
    startMs: performance.now() - started,
    residentBytes: () => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))[1]) * 1024,
    cpuSeconds: () => {
      const [utime, stime] = readFileSync(`/proc/${child.pid}/stat`, 'utf8')
        .split(') ')[1]
        .split(' ')
        .slice(11, 13)
        .map(Number);
      return (utime + stime) / 100;
    },
    diskBytes: () => sizeOf(folder),
    stop: async () => {
      child.kill('SIGTERM');
      await new Promise((resolve) => child.once('exit', resolve));
      if (!keep) rmSync(folder, { recursive: true, force: true });
    },
  };
}

function sizeOf(path) {
  const stat = statSync(path);
  return stat.isDirectory() ? readdirSync(path).reduce((sum, name) => sum + sizeOf(join(path, name)), 0) : stat.size;
}

export async function json(url, init) {
  const response = await fetch(url, init);
  if (!response.ok) throw new Error(`${url}: ${response.status} ${await response.text()}`);
  return response.json();
}

/** Streams blocks into a node; resolves when all are acknowledged. */
export function publishAll({ url }, wires) {
  return new Promise((resolve, reject) => {
    const call = request(
      `${url}/v2/blocks`,
      { method: 'POST', headers: { 'content-type': 'application/cbor-seq' } },
      (response) => response.resume().on('end', resolve),
    );
    call.on('error', reject);
    let at = 0;
    const write = () => {
      while (at < wires.length) if (!call.write(wires[at++])) return void call.once('drain', write);
      call.end();
    };
    write();
  });
}

/** Blocks that a node keeps. */
export const storedIn = async ({ url }) => (await json(`${url}/v2/status`)).head.count;

/** Waits until every follower named has reached the head; answers the seconds it took. */
export async function untilFollowed(url, names = ['vectors', 'text'], timeoutMs = 600_000) {
  const started = performance.now();
  for (;;) {
    const { followers } = await json(`${url}/v2/status`);
    if (followers.filter((one) => names.includes(one.name)).every((one) => one.lag === 0))
      return (performance.now() - started) / 1000;
    if (performance.now() - started > timeoutMs) throw new Error('followers did not catch up');
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
