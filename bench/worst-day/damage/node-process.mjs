// A node as an operator has it: a process of its own, asked over HTTP.
import { spawn, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const main = fileURLToPath(new URL('../../../node/dist/main.js', import.meta.url));
const START_MS = 30_000;
const STOP_MS = 20_000;

/** {url, stop(signal)} of a node that listens, or {refused: {status, signal, stderr}}. */
export function startNode(data) {
  const child = spawn(process.execPath, [main, 'start', '--data', data, '--port', '0', '--log', 'warn'], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stderr.on('data', (chunk) => (stderr += chunk));
  const ended = new Promise((resolve) => child.on('close', (status, signal) => resolve({ status, signal, stderr })));
  const within = (ms, promise) => {
    const timer = setTimeout(() => child.kill('SIGKILL'), ms);
    return promise.finally(() => clearTimeout(timer));
  };
  const stop = (signal = 'SIGTERM') => {
    child.kill(signal);
    return within(STOP_MS, ended);
  };
  const listening = new Promise((resolve) => {
    child.stdout.on('data', (chunk) => {
      stdout += chunk;
      if (!stdout.includes('\n')) return;
      const token = () => readFileSync(join(data, 'token'), 'utf8').trim();
      resolve({ url: JSON.parse(stdout.split('\n')[0]).listening, stop, token, ended });
    });
    void ended.then((refused) => resolve({ refused }));
  });
  return within(START_MS, listening);
}

/** A maintenance command: {status, signal, stdout, stderr}. */
export function run(...args) {
  return spawnSync(process.execPath, [main, ...args], { encoding: 'utf8', timeout: 60_000 });
}

export async function post({ url, token }, path, type, body) {
  const response = await fetch(`${url}${path}`, {
    method: 'POST',
    headers: { 'content-type': type, authorization: `Bearer ${token()}` },
    body,
  });
  if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
  return response.json();
}
