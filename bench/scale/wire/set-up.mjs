/** Peers that come as Python packages: an environment of their own in the temporary folder, made once, versions pinned. */
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const INSTALL_MS = 900_000;
const CLOSE_MS = 30_000;

/** The environment that holds these packages; it is left for the next run. */
export function environmentOf(packages) {
  const name = createHash('sha256').update(packages.join()).digest('hex').slice(0, 8);
  const folder = process.env.BENCH_WIRE_ENVIRONMENT ?? join(tmpdir(), `cosmic-wire-${name}`);
  if (existsSync(join(folder, 'bin', 'python'))) return folder;
  console.error(`installing ${packages.join(', ')}`);
  for (const [command, args] of [
    ['python3', ['-m', 'venv', folder]],
    [join(folder, 'bin', 'pip'), ['install', '--quiet', '--disable-pip-version-check', ...packages]],
  ]) {
    const { status, stderr, error } = spawnSync(command, args, { encoding: 'utf8', timeout: INSTALL_MS });
    if (status === 0) continue;
    rmSync(folder, { recursive: true, force: true });
    throw new Error(`${command} failed: ${error ?? stderr.trim().split('\n').at(-1)}`);
  }
  return folder;
}

export const python = (environment, name) => join(environment, 'bin', name);

/** What a line of Python prints in it. */
export function inPython(environment, code) {
  const { status, stdout, stderr } = spawnSync(python(environment, 'python'), ['-c', code], { encoding: 'utf8' });
  if (status !== 0) throw new Error(stderr.trim().split('\n').at(-1));
  return stdout.trim();
}

export async function freePort() {
  const server = createServer();
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

const running = new Set();

/** Ends every peer that still runs, with its children: what must not outlive this process. */
export function killPeers() {
  for (const pid of running) killTree(pid);
}

/** A server in a group of processes of its own. */
export function spawnPeer(command, args, { stopBy = 'SIGTERM', env = {}, ...options } = {}) {
  const child = spawn(command, args, {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, ...env },
    ...options,
    detached: true,
  });
  let said = '';
  child.stderr.on('data', (part) => (said = (said + part).slice(-2000)));
  running.add(child.pid);
  const ended = new Promise((resolve) => {
    child.once('error', (error) => resolve((said += String(error))));
    child.once('exit', () => resolve(running.delete(child.pid)));
  });
  return {
    pid: child.pid,
    hasEnded: () => child.exitCode !== null || child.signalCode !== null || child.pid === undefined,
    said: () => said,
    ended,
    exitCode: () => child.exitCode,
    stop: async () => {
      child.kill(stopBy);
      const timer = setTimeout(() => killTree(child.pid), CLOSE_MS);
      await ended;
      clearTimeout(timer);
    },
    kill: async () => {
      killTree(child.pid);
      await ended;
    },
  };
}

function killTree(pid) {
  for (const one of [...processesOf(pid)].reverse()) {
    try {
      process.kill(one, 'SIGKILL');
    } catch {
      // It had ended.
    }
  }
}

const stat = (pid) => readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ');

/** A process and all that came of it. */
export function processesOf(pid) {
  const children = new Map();
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    try {
      const parent = Number(stat(name)[1]);
      children.set(parent, [...(children.get(parent) ?? []), Number(name)]);
    } catch {
      // It ended while it was looked at.
    }
  }
  const found = [pid];
  for (const one of found) found.push(...(children.get(one) ?? []));
  return found;
}

/** Seconds of CPU of a process and its children, those that have ended included. */
export function cpuSecondsOf(pid) {
  let ticks = 0;
  for (const one of processesOf(pid)) {
    try {
      ticks += stat(one)
        .slice(11, 15)
        .map(Number)
        .reduce((sum, value) => sum + value, 0);
    } catch {
      // It ended while it was looked at; its parent will tell.
    }
  }
  return ticks / 100;
}

/**
 * Memory of a process and its children, bytes, what several share counted once: their own (anonymous), mapped files, and
 * memory shared between them.
 */
export function memoryOfTree(pid) {
  const sums = { residentBytes: 0, anonymousBytes: 0, fileBytes: 0, sharedBytes: 0 };
  const names = { residentBytes: 'Pss', anonymousBytes: 'Pss_Anon', fileBytes: 'Pss_File', sharedBytes: 'Pss_Shmem' };
  for (const one of processesOf(pid)) {
    try {
      const rollup = readFileSync(`/proc/${one}/smaps_rollup`, 'utf8');
      for (const [sum, name] of Object.entries(names))
        sums[sum] += Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(rollup)?.[1] ?? 0) * 1024;
    } catch {
      // It ended while it was looked at.
    }
  }
  return sums;
}
