import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import {
  CosmicError,
  DEV_NETWORK,
  sha256,
  utf8,
  type Embedder,
  type NewBlock,
  type ValueMap,
} from '@cosmicembeddings/sdk';
import { createEmbedder, type EmbedderConfig } from '@cosmicembeddings/sdk/embedders';
import { nodeEmbedderHost } from '@cosmicembeddings/sdk/embedders/node';
import { packRows } from '@cosmicembeddings/sdk/space';
import { identityOf, type Identity } from '../keys/author.js';
import { builtinEmbedder } from '../embedder.js';
import { errorLine, bytesText, plural, print, shortDid } from '../output.js';
import { progressBar } from '../progress.js';
import { openJournal } from '../publish/journal.js';
import { openOutbox } from '../publish/outbox.js';
import { publishAll } from '../publish/publish.js';
import { deal, type Dealt } from './documents.js';
import { forgeries } from './forgeries.js';
import { startNode, type DemoNode } from './nodes.js';

const USAGE = 'npm run demo -- [FILE|FOLDER…] [--ask "question"]… [--keep]';
const QUESTIONS = [
  'What does a hit prove?',
  'What does the stamp of the sky prove?',
  'Can a published text be taken back?',
];
const WAIT_MS = 30_000;

interface Agent {
  readonly name: string;
  readonly home: string;
  readonly identity: Identity;
}

interface Totals {
  blocks: number;
  vectors: number;
  bytes: number;
}

/** The whole main path with three real nodes: what it prints is what happened. */
async function demo(
  paths: readonly string[],
  questions: readonly string[],
  keep: boolean,
  folder: string,
  running: Set<DemoNode>,
): Promise<void> {
  const started = performance.now();
  const totals: Totals = { blocks: 0, vectors: 0, bytes: 0 };
  const names = ['agent-1', 'agent-2'];
  const dealt = deal(paths, names);
  const start = async (name: string, peers: readonly DemoNode[], port?: number): Promise<DemoNode> => {
    const node = await startNode(name, { folder, peers: peers.map((peer) => peer.url), port, detached: keep });
    running.add(node);
    return node;
  };

  heading('1. Three nodes, each a process with a data folder of its own, in a line A – B – C');
  let a = await start('A', []);
  const b = await start('B', [a]);
  const c = await start('C', [b]);
  for (const node of [a, b, c]) print(`   ${node.name}  ${node.url}`);

  heading('2. Two agents publish through A');
  const agents = names.map((name): Agent => {
    const home = join(folder, name);
    return { name, home, identity: identityOf(new Uint8Array(randomBytes(32)), DEV_NETWORK) };
  });
  const config = await builtinEmbedder();
  const embedder = await createEmbedder(config, nodeEmbedderHost);
  print(`   embedder ${JSON.stringify(config)}, ${embedder.space.dims} dimensions`);
  for (const [i, agent] of agents.entries()) await publish(agent, dealt[i]!, config, a, embedder, totals);

  heading('3. Until C has them all, two hops away');
  const began = performance.now();
  await until(`C has ${totals.blocks} blocks`, async () => (await c.client.status()).head.count >= totals.blocks);
  print(
    `   C has all ${plural(totals.blocks, 'block')} ${((performance.now() - began) / 1000).toFixed(2)} s after the last was published`,
  );

  heading('4. Questions to C in plain words; every hit is fetched and verified here');
  for (const question of questions) {
    print(`\n   ? ${question}\n`);
    await cosmic(['search', question, '--k', '3', '--node', c.url, '--home', join(folder, 'reader')]);
  }

  heading('5. What a node refuses');
  await refuse(a, agents, embedder);

  heading('6. A goes away, life goes on, A catches up');
  await a.stop();
  running.delete(a);
  print('   A is stopped');
  const note = join(folder, 'while-a-was-away.md');
  writeFileSync(
    note,
    `# While A was away\n\nThis note was published through node B while node A was not running. When A came back it asked B for what it had missed, and got it.\n`,
  );
  const job: Dealt = {
    path: note,
    origin: 'while-a-was-away.md',
    markdown: true,
    options: { tags: ['demo', 'away'], text: true, dtype: 'f32' },
  };
  await publish(agents[1]!, [job], config, b, embedder, totals);
  const port = Number(new URL(a.url).port);
  const back = performance.now();
  a = await start('A', [b], port);
  const listening = performance.now();
  await until('A has caught up', async () => (await a.client.status()).head.count >= totals.blocks);
  print(
    `   A is back after ${((listening - back) / 1000).toFixed(2)} s and has caught up ${((performance.now() - listening) / 1000).toFixed(2)} s later: ${plural(totals.blocks, 'block')}`,
  );

  const seconds = (performance.now() - started) / 1000;
  print(
    `\nDone: ${plural(totals.blocks, 'block')}, ${plural(totals.vectors, 'vector')}, ${bytesText(totals.bytes)} published by 2 agents, held by 3 nodes, in ${seconds.toFixed(1)} seconds`,
  );
  if (keep) {
    print(`\nThe nodes keep running; their pages and interfaces are at`);
    for (const node of [a, b, c]) {
      node.leave();
      print(`   ${node.name}  ${node.url}   (process ${node.pid})`);
    }
    print(`Data: ${folder}\nStop them with: kill ${[a, b, c].map((node) => node.pid).join(' ')}`);
  }
}

async function publish(
  agent: Agent,
  dealt: readonly Dealt[],
  config: EmbedderConfig,
  node: DemoNode,
  embedder: Embedder,
  totals: Totals,
): Promise<void> {
  const { did, author } = agent.identity;
  const asked = { node: node.url, network: author.network, author: did, key: null, embedder: config };
  const jobs = dealt.map((document) => ({ intent: { ...document, ...asked }, said: new Set<never>() }));
  const report = await publishAll(jobs, {
    client: node.client,
    node: (await node.client.status()).node,
    outbox: openOutbox(agent.home),
    identity: agent.identity,
    embedder,
    journal: openJournal(agent.home),
    now: () => Date.now(),
    progress: progressBar(`   ${agent.name}`, { out: process.stdout }),
  });
  const bad = report.refused[0] ?? report.pending[0];
  if (bad !== undefined) throw new Error(`${bad.path} was not published: ${bad.reason}`);
  totals.blocks += report.blocks;
  totals.vectors += report.vectors;
  totals.bytes += report.bytes;
  print(
    `   ${agent.name}, ${shortDid(agent.identity.did)}: ${plural(report.published, 'document')} through ${node.name}, ${plural(report.blocks, 'block')}, ${plural(report.vectors, 'vector')}`,
  );
}

async function refuse(node: DemoNode, [first, second]: readonly Agent[], embedder: Embedder): Promise<void> {
  const text = 'A block that tries to be what it is not.';
  const { vectors } = await embedder.embed([text], { role: 'passage' });
  const fields = {
    space: embedder.space,
    embedding: { ...packRows(vectors, 'f32') },
    input_type: 'text',
    input_reference: [{ hash: sha256(utf8(text)), origin: 'demo' }],
    texts: [text],
  };
  const genuine: NewBlock = {
    kind: 'embedding/1',
    fields: fields as unknown as ValueMap,
    tags: ['demo'],
    timeMs: Date.now(),
  };
  const before = (await node.client.status()).head.count;
  for (const { what, wire, code } of await forgeries(genuine, first!.identity.author, second!.identity.did)) {
    const [answer] = await node.client.publish([wire]);
    if (answer?.status !== 'rejected' || answer.code !== code)
      throw new Error(`${what}: expected ${code}, the node answered ${JSON.stringify(answer)}`);
    print(`   refused  ${what}\n            ${answer.code}: ${answer.detail}`);
  }
  const after = (await node.client.status()).head.count;
  if (after !== before) throw new Error(`the node kept ${after - before} forged blocks`);
}

async function until(what: string, done: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + WAIT_MS;
  while (!(await done())) {
    if (Date.now() > deadline) throw new Error(`not within ${WAIT_MS / 1000} s: ${what}`);
    await delay(20);
  }
}

/** The command itself, as a stranger would type it. */
function cosmic(args: readonly string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const bin = fileURLToPath(new URL('../../bin/cosmic.js', import.meta.url));
    // Settings of whoever runs the demo are not the demo's.
    const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('COSMIC_')));
    const child = spawn(process.execPath, [bin, ...args], { stdio: ['ignore', 'inherit', 'inherit'], env });
    child.once('error', reject);
    child.once('exit', (status) =>
      status === 0 ? resolve() : reject(new Error(`cosmic ${args[0]} ended with status ${String(status)}`)),
    );
  });
}

function heading(text: string): void {
  print(process.stdout.isTTY ? `\n\x1b[1m${text}\x1b[0m` : `\n${text}`);
}

function commandLine(): { paths: string[]; questions: string[]; keep: boolean } {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { ask: { type: 'string', multiple: true }, keep: { type: 'boolean', default: false } },
  });
  return { paths: positionals, questions: values.ask ?? QUESTIONS, keep: values.keep };
}

async function main(): Promise<number> {
  let given;
  try {
    given = commandLine();
  } catch (error) {
    process.stderr.write(`demo: ${(error as Error).message}\n${USAGE}\n`);
    return 2;
  }
  const folder = mkdtempSync(join(tmpdir(), 'cosmic-demo-'));
  const running = new Set<DemoNode>();
  const clear = (): void => {
    for (const node of running) node.kill();
    rmSync(folder, { recursive: true, force: true });
  };
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.once(signal, () => {
      clear();
      process.exit(130);
    });
  try {
    await demo(given.paths, given.questions, given.keep, folder, running);
    if (given.keep) return 0;
    for (const node of [...running].reverse()) {
      await node.stop();
      running.delete(node);
    }
    clear();
    return 0;
  } catch (error) {
    clear();
    process.stderr.write(
      `\nThe demo failed: ${error instanceof CosmicError ? errorLine(error.code, error.detail) : (error as Error).message}\n`,
    );
    return 1;
  }
}

process.exitCode = await main();
