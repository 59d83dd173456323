import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { createBlock, type BlockId } from '@cosmicembeddings/sdk';
import { startNode, type DemoNode } from '../../src/demo/nodes.js';
import { identityOf } from '../../src/keys/author.js';

/** Real processes, a real SIGINT in the middle: nothing is left half done, the last line says how to go on, and so it goes on. */
const bin = fileURLToPath(new URL('../../bin/cosmic.js', import.meta.url));
let temp: string;
let node: DemoNode;
let gate: Gate;
const running = new Set<ChildProcess>();
const path = (name: string): string => join(temp, name);

interface Gate {
  readonly url: string;
  /** The next request for such a path waits; resolves when it is there. */
  hold(path: RegExp): Promise<void>;
  /** What waits goes through. */
  open(): void;
  close(): void;
}

/** The real node behind a door that can be held shut. */
async function gateBefore(target: string): Promise<Gate> {
  let held: { readonly path: RegExp; readonly reached: () => void } | undefined;
  let release = (): void => undefined;
  const server: Server = createServer((request, response) => {
    void (async () => {
      const parts: Buffer[] = [];
      for await (const part of request) parts.push(part as Buffer);
      if (held?.path.test(request.url!) === true) {
        const { reached } = held;
        held = undefined;
        const opened = new Promise<void>((resolve) => (release = resolve));
        reached();
        await opened;
      }
      const headers = Object.fromEntries(
        Object.entries(request.headers).filter(([name]) => !['host', 'connection', 'content-length'].includes(name)),
      ) as Record<string, string>;
      const body = parts.length === 0 ? {} : { body: Buffer.concat(parts) };
      const answer = await fetch(new URL(request.url!, target), { method: request.method!, headers, ...body });
      const bytes = Buffer.from(await answer.arrayBuffer());
      response.writeHead(answer.status, { 'content-type': answer.headers.get('content-type') ?? 'text/plain' });
      response.end(bytes);
    })().catch(() => response.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    hold: (wanted) => new Promise((resolve) => (held = { path: wanted, reached: resolve })),
    open: () => release(),
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

interface Running {
  readonly child: ChildProcess;
  readonly done: Promise<{ status: number | null; stdout: string; stderr: string }>;
  says(what: RegExp): Promise<void>;
}

/** More texts than are embedded in ten seconds. */
function lots(): string {
  const words = Array.from({ length: 300 }, (_, i) => `word${i}`).join(' ');
  return `${JSON.stringify({ text: words })}\n`.repeat(60_000);
}

function cosmic(args: readonly string[], env: Record<string, string> = {}, input?: string): Running {
  const clean = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('COSMIC_')));
  // A group of its own: Ctrl-C of a terminal reaches all of it.
  const child = spawn(process.execPath, [bin, ...args], {
    detached: true,
    stdio: [input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
    env: { ...clean, COSMIC_HOME: path('home'), COSMIC_NODE: gate.url, ...env },
  });
  running.add(child);
  child.stdin?.on('error', () => undefined).end(input);
  let [stdout, stderr] = ['', ''];
  let heard = (): void => undefined;
  child.stdout!.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr!.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
    heard();
  });
  const done = new Promise<{ status: number | null; stdout: string; stderr: string }>((resolve) => {
    child.once('close', (status) => {
      running.delete(child);
      resolve({ status, stdout, stderr });
      heard();
    });
  });
  const says = (what: RegExp): Promise<void> =>
    new Promise((resolve, reject) => {
      heard = () => {
        if (what.test(stderr)) resolve();
        else if (child.exitCode !== null) reject(new Error(`ended without saying ${what}: ${stderr}`));
      };
      heard();
    });
  return { child, done, says };
}

const interrupt = ({ child }: Running): void => void process.kill(-child.pid!, 'SIGINT');

/** Many small blocks; the node does not care what they retract. */
let blocks: Uint8Array[];

beforeAll(async () => {
  temp = mkdtempSync(join(tmpdir(), 'cosmic-interrupt-'));
  node = await startNode('one', { folder: temp, peers: [], detached: false });
  gate = await gateBefore(node.url);
  const made = spawnSync(process.execPath, [bin, 'init', '--home', path('home'), '--node', gate.url]);
  expect(made.status).toBe(0);
  const { author } = identityOf(new Uint8Array(32).fill(7), 'dev');
  const refs = [{ rel: 'retracts', id: 'bafyreihlpazjk3srahszdsn5osplg3orytn4nuq64ooalbhaxbu6d7r3zm' as BlockId }];
  blocks = [];
  for (let i = 0; i < 1001; i++)
    blocks.push(
      (await createBlock({ kind: 'retract/1', fields: {}, refs, timeMs: Date.UTC(2026, 0, 1) + i }, author)).wire,
    );
  writeFileSync(path('many.cbor'), Buffer.concat(blocks));
}, 90_000);
afterEach(() => {
  gate.open();
  for (const { pid } of running)
    try {
      process.kill(-pid!, 'SIGKILL');
    } catch {
      // It has ended meanwhile.
    }
});
afterAll(async () => {
  gate?.close();
  await node?.stop();
  rmSync(temp, { recursive: true, force: true });
}, 40_000);

describe('Ctrl-C in the middle', () => {
  test('import: what was sent is there, and the next call passes it over', async () => {
    const reached = gate.hold(/^\/v2\/blocks(\?|$)/);
    const first = cosmic(['import', path('many.cbor')]);
    await reached;
    interrupt(first);
    await first.says(/stopping/);
    gate.open();
    const { status, stderr } = await first.done;
    expect(stderr).toMatch(/stopped: 1,000 blocks imported; call it again/);
    expect(status).toBe(130);
    const again = await cosmic(['import', path('many.cbor')]).done;
    expect(again.stdout).toMatch(/^1 block imported, 1000 known already/);
    expect(again.status).toBe(0);
  }, 120_000);

  test('export: no file has the name, nor is anything left beside it', async () => {
    const reached = gate.hold(/^\/v2\/blocks\/read/);
    const first = cosmic(['export', path('out.car')]);
    await reached;
    interrupt(first);
    const { status, stderr } = await first.done;
    expect(stderr).toMatch(/stopped: no .*out\.car was written; call it again/);
    expect(status).toBe(130);
    expect(readdirSync(temp).filter((name) => name.startsWith('out.car'))).toEqual([]);
    const again = await cosmic(['export', path('out.car')]).done;
    expect(again.status).toBe(0);
    expect(existsSync(path('out.car'))).toBe(true);
  }, 120_000);

  test('publish: what was sent stays, and cosmic publish without a path does the rest', async () => {
    mkdirSync(path('notes'));
    for (let i = 0; i < 40; i++) writeFileSync(path(`notes/${i}.md`), `Note ${i} is about kiln number ${i * 7}.\n`);
    const reached = gate.hold(/^\/v2\/blocks(\?|$)/);
    const first = cosmic(['publish', path('notes'), '--tag', 'kept']);
    await reached;
    interrupt(first);
    await first.says(/stopping/);
    gate.open();
    const { status, stderr } = await first.done;
    expect(stderr).toMatch(/stopped: what was sent stays; cosmic publish without a path/);
    expect(status).toBe(130);
    const rest = await cosmic(['publish', '--json']).done;
    expect(rest.status).toBe(0);
    const all = await cosmic(['publish', path('notes'), '--json']).done;
    const report = JSON.parse(all.stdout) as { published: number; unchanged: number };
    expect(report).toMatchObject({ published: 0, unchanged: 40 });
    const found = JSON.parse((await cosmic(['search', 'kiln', '--tag', 'kept', '--json']).done).stdout) as object;
    expect(JSON.stringify(found)).toContain('kiln number');
  }, 180_000);

  test('adopt: what is there stays, and the next call sends the rest', async () => {
    const lines = Array.from({ length: 700 }, (_, i) =>
      JSON.stringify({ id: `d${i}`, vector: [Math.cos(i), Math.sin(i), 1], text: `Shard ${i}` }),
    );
    writeFileSync(path('shards.jsonl'), lines.join('\n'));
    const adopt = ['adopt', path('shards.jsonl'), '--collection', 'shards'];
    const reached = gate.hold(/^\/v2\/blocks(\?|$)/);
    const first = cosmic(adopt);
    await reached;
    interrupt(first);
    await first.says(/stopping/);
    gate.open();
    const { status, stderr } = await first.done;
    expect(stderr).toMatch(/stopped: 500 documents are there; call it again/);
    expect(status).toBe(130);
    const again = await cosmic([...adopt, '--json']).done;
    expect(JSON.parse(again.stdout)).toMatchObject({ stored: 200, unchanged: 500 });
  }, 180_000);

  test('embed: no file has the name before it is whole', async () => {
    const first = cosmic(['embed', '--lines', '--npy', path('vectors.npy')], {}, lots());
    await first.says(/embedding .*\/s {2}.* left/);
    interrupt(first);
    const { status, stderr } = await first.done;
    expect(stderr).toMatch(/stopped: no .*vectors\.npy was written; call it again/);
    expect({ status, is: existsSync(path('vectors.npy')) }).toEqual({ status: 130, is: false });
  }, 120_000);

  test('sync: the node goes on by itself', async () => {
    const reached = gate.hold(/^\/v2\/peers\/sync/);
    const first = cosmic(['sync', 'ws://127.0.0.1:9', '--data', path('one')]);
    await reached;
    interrupt(first);
    const { status, stderr } = await first.done;
    expect(stderr).toMatch(/stopped: what was fetched stays/);
    expect(status).toBe(130);
  }, 60_000);

  test('verify: tells progress with rate and time left meanwhile, and changes nothing', async () => {
    writeFileSync(path('very-many.cbor'), Buffer.concat(Array.from({ length: 60 }, () => blocks).flat()));
    const first = cosmic(['verify', path('very-many.cbor')]);
    await first.says(/verifying .*\/s {2}.* left/);
    interrupt(first);
    const { status, stdout, stderr } = await first.done;
    expect(stderr).toMatch(/stopped: verifying changes nothing/);
    expect({ status, stdout }).toEqual({ status: 130, stdout: '' });
  }, 120_000);

  test('backup: the place holds whole backups alone', async () => {
    const place = path('place');
    const first = cosmic(['backup', 'to', place, '--data', path('one')]);
    // As soon as there is something of it.
    while (!existsSync(place) && first.child.exitCode === null) await new Promise((resolve) => setImmediate(resolve));
    interrupt(first);
    const { status, stderr } = await first.done;
    expect([0, 130]).toContain(status);
    if (status === 130) expect(stderr).toMatch(/stopped: a backup that was not finished does not count/);
    const again = await cosmic(['backup', 'to', place, '--data', path('one')]).done;
    expect(again).toMatchObject({ status: 0 });
    const verified = await cosmic(['backup', 'verify', place, '--data', path('one')]).done;
    expect(verified.stdout).toMatch(/all well/);
    expect(verified.status).toBe(0);
  }, 120_000);

  test('a second one ends at once, whatever is waited for', async () => {
    const reached = gate.hold(/^\/v2\/blocks(\?|$)/);
    const first = cosmic(['import', path('many.cbor')]);
    await reached;
    interrupt(first);
    await first.says(/stopping/);
    // A person's second press; the first half second belongs to the first.
    const again = setInterval(() => interrupt(first), 200);
    const { status } = await first.done.finally(() => clearInterval(again));
    expect(status).toBe(130);
  }, 60_000);
});
