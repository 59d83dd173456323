import type { ChildProcess } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { createClient, type NodeClient } from '@cosmicembeddings/sdk/api';
import { spawnNode } from '../node-process.js';

/** One node process of the demo. */
export interface DemoNode {
  readonly name: string;
  readonly url: string;
  readonly pid: number;
  readonly client: NodeClient;
  /** Asks it to stop and waits until it has. @throws when it does not, or not cleanly */
  stop(): Promise<void>;
  /** Lets this process end while the node goes on. */
  leave(): void;
  kill(): void;
}

export interface StartOptions {
  readonly folder: string;
  readonly port?: number | undefined;
  readonly peers: readonly string[];
  /** Outlives this process. */
  readonly detached: boolean;
  /** Further flags of `cosmic-node start`. */
  readonly flags?: readonly string[];
}

const START_MS = 60_000;
const STOP_MS = 15_000;

/** Starts a node of its own process and waits until it listens. */
export async function startNode(
  name: string,
  { folder, port = 0, peers, detached, flags = [] }: StartOptions,
): Promise<DemoNode> {
  const data = join(folder, name);
  mkdirSync(data, { recursive: true });
  const [out, err] = [join(folder, `${name}.out`), join(folder, `${name}.log`)];
  const handles = [openSync(out, 'w'), openSync(err, 'a')];
  const child = spawnNode(
    ['start', '--data', data, '--port', String(port), ...peers.flatMap((peer) => ['--peer', peer]), ...flags],
    { stdio: ['ignore', handles[0]!, handles[1]!], detached },
  );
  handles.forEach(closeSync);
  const exited = new Promise<number | null>((resolve) => {
    child.once('exit', resolve);
    child.once('error', () => resolve(null));
  });
  const url = await listening(name, child, out, err);
  return {
    name,
    url,
    pid: child.pid!,
    client: createClient({ url, sleep: (ms) => delay(ms), timeoutMs: 30_000 }),
    stop: async () => {
      child.kill('SIGTERM');
      const status = await Promise.race([exited, delay(STOP_MS, undefined, { ref: false })]);
      if (status === undefined) child.kill('SIGKILL');
      if (status !== 0)
        throw new Error(`node ${name} did not stop cleanly (status ${String(status)}): ${lastLine(err)}`);
    },
    leave: () => child.unref(),
    kill: () => void child.kill('SIGKILL'),
  };
}

/** The address in the line that a node prints when it is ready. */
async function listening(name: string, child: ChildProcess, out: string, err: string): Promise<string> {
  const until = Date.now() + START_MS;
  while (Date.now() < until) {
    const line = readFileSync(out, 'utf8').split('\n')[0]!;
    if (line.endsWith('}')) return (JSON.parse(line) as { listening: string }).listening;
    if (child.exitCode !== null)
      throw new Error(`node ${name} ended at once (status ${child.exitCode}): ${lastLine(err)}`);
    await delay(20);
  }
  child.kill('SIGKILL');
  throw new Error(`node ${name} was not ready within ${START_MS / 1000} s: ${lastLine(err)}`);
}

/** What it said last, lines of a stack apart. */
function lastLine(file: string): string {
  const lines = readFileSync(file, 'utf8').split('\n');
  return lines.filter((line) => /^\S/.test(line)).at(-1) ?? 'it said nothing';
}
