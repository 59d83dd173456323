/** What is asked of a running node between the loads: when it is at rest, what it holds, how soon it answers after a start. */
import { existsSync, readFileSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { json, startNode } from '../accept/node-process.mjs';

/** Share of a core below which a process counts as idle; a profiler's sampling is work too. */
const IDLE = process.env.BENCH_NODE_FLAGS === undefined ? 0.1 : 0.5;

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/**
 * Resolves when the followers have read everything and the process is idle, so that nothing waits for a graph. Times are
 * from `sinceMs` (performance.now): `followed`, every row can be found; `atRest`, every row is in the graph.
 */
export async function untilAtRest(node, sinceMs, timeoutMs = 1_800_000) {
  let followedSeconds;
  let textSeconds;
  let quietSinceMs;
  let last = { atMs: performance.now(), cpu: node.cpuSeconds() };
  for (;;) {
    await sleep(250);
    const now = { atMs: performance.now(), cpu: node.cpuSeconds() };
    const busy = ((now.cpu - last.cpu) * 1000) / (now.atMs - last.atMs);
    if (followedSeconds === undefined || textSeconds === undefined) {
      const lag = new Map((await json(`${node.url}/v2/status`)).followers.map((one) => [one.name, one.lag]));
      if (lag.get('vectors') === 0) followedSeconds ??= (now.atMs - sinceMs) / 1000;
      if (lag.get('text') === 0) textSeconds ??= (now.atMs - sinceMs) / 1000;
      last = { atMs: performance.now(), cpu: node.cpuSeconds() };
      if (followedSeconds === undefined || textSeconds === undefined) continue;
    } else last = now;
    quietSinceMs = busy < IDLE ? (quietSinceMs ?? now.atMs - 250) : undefined;
    if (quietSinceMs !== undefined && now.atMs - quietSinceMs >= 1000)
      return { followedSeconds, textSeconds, atRestSeconds: (quietSinceMs - sinceMs) / 1000 };
    if (now.atMs - sinceMs > timeoutMs) throw new Error('the node did not come to rest');
  }
}

const running = new Set();

/** A node on a folder that outlives it, and that is ended with this process. */
export async function startOn(folder) {
  const node = await startNode({ folder, keep: true });
  running.add(node.pid);
  return node;
}

/** What must not outlive this process when it is interrupted. */
export function killNodes() {
  for (const pid of running) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // It had ended.
    }
  }
}

/** Bytes of each top file of a data folder; folders as sums. */
export function bytesByFile(folder) {
  const sizeOf = (path) => {
    const stat = statSync(path);
    return stat.isDirectory() ? readdirSync(path).reduce((sum, name) => sum + sizeOf(join(path, name)), 0) : stat.size;
  };
  return Object.fromEntries(readdirSync(folder).map((name) => [name, sizeOf(join(folder, name))]));
}

/** Peak and present memory of the process, bytes; its own (anonymous) and file-backed pages (mapped files) apart. */
export function memoryOf(node) {
  const status = readFileSync(`/proc/${node.pid}/status`, 'utf8');
  const read = (name) => Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)?.[1] ?? 0) * 1024;
  const [residentBytes, anonymousBytes] = [read('VmRSS'), read('RssAnon')];
  return { residentBytes, peakBytes: read('VmHWM'), anonymousBytes, fileBytes: read('RssFile') };
}

export async function untilGone(pid) {
  while (existsSync(`/proc/${pid}`)) await sleep(2);
}

/**
 * Starts a node on a folder and searches until the answer is complete: k hits, and the index reaches the head, which is
 * at least `seq`. Milliseconds from the spawn of the process.
 */
export async function startToComplete(folder, body, seq) {
  const started = performance.now();
  const node = await startOn(folder);
  const listeningMs = performance.now() - started;
  let searches = 0;
  for (;;) {
    const answer = await json(`${node.url}/v2/search`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body,
    });
    searches++;
    if (answer.head.seq >= seq && answer.indexedTo.seq === answer.head.seq && answer.returned === answer.requested)
      return {
        node,
        figures: {
          listeningMs: Math.round(listeningMs),
          completeMs: Math.round(performance.now() - started),
          searches,
          headSeq: answer.head.seq,
        },
      };
    if (performance.now() - started > 600_000)
      throw new Error(`no complete answer: ${JSON.stringify(answer.indexedTo)}`);
    await sleep(10);
  }
}
