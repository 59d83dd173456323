/** Starts, watches and ends real nodes, and runs the upkeep commands of `cosmic-node`, each in a process of its own. */
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const bin = fileURLToPath(new URL('../../node/bin/cosmic-node.js', import.meta.url));

/** What was started ends with whoever started it. */
const running = new Set();
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

/** A process of the command: `ended` resolves to what it said and how it ended; `line` to its first line, if it lives for that. */
export function run(args, { flags = [], env = {}, stderr = 'pipe' } = {}) {
  const child = spawn(process.execPath, [...flags, bin, ...args], {
    stdio: ['ignore', 'pipe', stderr],
    env: { ...process.env, ...env },
  });
  running.add(child);
  child.once('close', () => running.delete(child));
  let out = '';
  let err = '';
  let gotLine;
  const line = new Promise((resolve) => (gotLine = resolve));
  child.stdout.on('data', (chunk) => {
    out += chunk;
    if (out.includes('\n')) gotLine(out.split('\n')[0]);
  });
  child.stderr?.on('data', (chunk) => (err = (err + chunk).slice(-200_000)));
  const ended = new Promise((resolve) => {
    child.once('close', (code, signal) => {
      gotLine(undefined);
      resolve({ code, signal, out, err });
    });
  });
  return { pid: child.pid, line, ended, kill: (signal) => child.kill(signal), said: () => err };
}

/** A node on this folder. @throws Error when it ends before it listens, with what it said */
export async function start(folder, { args = [], log = 'warn', ...options } = {}) {
  const child = run(['start', '--data', folder, '--port', '0', '--log', log, ...args], options);
  const line = await child.line;
  if (line === undefined) {
    const { code, signal, err } = await child.ended;
    throw Object.assign(new Error(`the node ended with ${code ?? signal}: ${err.slice(-2000)}`), { code, err });
  }
  const url = JSON.parse(line).listening;
  return {
    ...child,
    url,
    port: Number(new URL(url).port),
    residentBytes: () => memoryOf(child.pid),
    cpuSeconds: () => cpuOf(child.pid),
    async stop() {
      child.kill('SIGTERM');
      return child.ended;
    },
  };
}

export function memoryOf(pid) {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]) * 1024;
}

export function cpuOf(pid) {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ');
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

/** One request on whatever connection; never throws for a status. `status` 0: no answer. */
export async function ask(url, init) {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(30_000), ...init });
    const text = await response.text();
    let body;
    try {
      body = JSON.parse(text);
    } catch {
      body = undefined;
    }
    return { status: response.status, headers: response.headers, text, body };
  } catch (error) {
    return { status: 0, headers: new globalThis.Headers(), text: String(error.cause ?? error), body: undefined };
  }
}

export const publish = (url, wire, query = '') =>
  ask(`${url}/v2/blocks${query}`, { method: 'POST', headers: { 'content-type': 'application/cbor-seq' }, body: wire });

export const search = (url, request) =>
  ask(`${url}/v2/search`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(request),
  });

/** A number of `/metrics`. */
export async function metric(url, name) {
  const { text } = await ask(`${url}/metrics`);
  const found = new RegExp(`^${name}(?:\\{[^}]*\\})? (\\S+)$`, 'm').exec(text);
  return found === null ? undefined : Number(found[1]);
}

/** Waits until `check` answers something truthy; a bounded number of looks, never a bare sleep. */
export async function until(check, what, timeoutMs = 30_000, everyMs = 20) {
  const endMs = performance.now() + timeoutMs;
  for (;;) {
    const value = await check();
    if (value) return value;
    if (performance.now() > endMs) throw new Error(`not within ${timeoutMs} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
}

/** Every follower at the head. */
export function followed(url, timeoutMs = 60_000) {
  return until(
    async () => {
      const { body } = await ask(`${url}/v2/status`);
      return body?.followers?.every(({ lag }) => lag === 0) === true ? body : undefined;
    },
    'followers at the head',
    timeoutMs,
  );
}

/** The whole store as its catalogue lists it. */
export async function allIds(url) {
  const ids = new Set();
  for (let after = ''; ;) {
    const { status, body, text } = await ask(`${url}/v2/blocks?limit=1000${after}`);
    if (status !== 200) throw new Error(`listing blocks: ${status} ${text}`);
    for (const id of body.ids) ids.add(id);
    if (body.next === undefined) return ids;
    after = `&after=${encodeURIComponent(body.next)}`;
  }
}
