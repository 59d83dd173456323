import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { NodeStatus, PeerStatus, Inspection } from '@cosmicembeddings/sdk';
import { startNode, type DemoNode } from '../../src/demo/nodes.js';

const bin = fileURLToPath(new URL('../../bin/cosmic.js', import.meta.url));
let temp: string;
let node: DemoNode;
let second: DemoNode;
const path = (name: string): string => join(temp, name);

beforeAll(async () => {
  temp = mkdtempSync(join(tmpdir(), 'cosmic-commands-'));
  [node, second] = await Promise.all([
    startNode('one', { folder: temp, peers: [], detached: false }),
    startNode('two', { folder: temp, peers: [], detached: false }),
  ]);
  writeFileSync(path('tides.md'), '# Tides\n\nThe moon pulls the sea twice a day around the bay.\n');
}, 60_000);
afterAll(async () => {
  await Promise.all([node?.stop(), second?.stop()]);
  rmSync(temp, { recursive: true, force: true });
}, 40_000);

interface Done {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
  json<T>(): T;
}

function cosmic(
  args: readonly string[],
  { to = node, env = {}, input = '' }: { to?: DemoNode; env?: Record<string, string>; input?: string } = {},
): Promise<Done> {
  const clean = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('COSMIC_')));
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [bin, ...args], {
      env: { ...clean, COSMIC_HOME: path('home'), COSMIC_API_ENDPOINT: to.url, ...env },
    });
    let [stdout, stderr] = ['', ''];
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    child.once('error', reject);
    child.once('close', (status) => resolve({ status, stdout, stderr, json: <T>() => JSON.parse(stdout) as T }));
    child.stdin.end(input);
  });
}

describe('the eight commands by hand', () => {
  let id: string;

  test('init makes the key for its owner alone and says what it did; again it keeps it', async () => {
    const first = (await cosmic(['init', '--json'])).json<{
      author: string;
      keyFile: string;
      keyMade: boolean;
      embedder: unknown;
    }>();
    expect(first).toMatchObject({
      keyMade: true,
      author: expect.stringMatching(/^did:key:z6Mk/),
      embedder: { type: 'builtin', name: 'english-1' },
    });
    expect(statSync(first.keyFile).mode & 0o777).toBe(0o600);
    expect((await cosmic(['init', '--json'])).json()).toMatchObject({ keyMade: false, author: first.author });
  });

  test('publish warns once, then not again; the second time nothing is new', async () => {
    const done = await cosmic(['publish', path('tides.md'), '--tag', 'sea', '--tag', 'moon']);
    expect(done.stdout).toMatch(/^1 document published: 1 block, 1 vector, /);
    expect(done.stderr).toMatch(/can be recovered from its embedding.*cannot be taken back everywhere/s);
    const again = await cosmic(['publish', path('tides.md'), '--tag', 'sea', '--tag', 'moon']);
    expect(again.stdout).toMatch(/^0 documents published, 1 unchanged/);
    expect(again.stderr).not.toMatch(/recovered/);
  });

  test('search finds, verifies and says where from', async () => {
    const { hits } = (await cosmic(['search', 'what moves the sea?', '--json'])).json<{
      hits: { id: string; verified: unknown }[];
    }>();
    expect(hits).toMatchObject([
      {
        origin: 'tides.md',
        heading: 'Tides',
        tags: ['sea', 'moon'],
        verified: { signed: true, cosine: true, passage: true },
      },
    ]);
    id = hits[0]!.id;
    expect(await cosmic(['search', 'sea', '--tag', 'desert'])).toMatchObject({
      stdout: 'no hits\n',
      stderr: 'note: no block here has the tag "desert"\n',
    });
    const few = await cosmic(['search', 'sea', '--explain']);
    expect(few.stdout).toMatch(/\n {6}meaning: cosine 0\.\d+ · .*space bafyrei\w+/);
  });

  test('get prints JSON or saves bytes, verify judges both', async () => {
    const text = (await cosmic(['get', id])).stdout;
    expect(JSON.parse(text)).toMatchObject({ id, kind: 'embedding/1', tags: ['sea', 'moon'] });
    await cosmic(['get', id, '--output', path('block.cbor')]);
    for (const [file, input] of [
      [path('block.cbor'), ''],
      ['-', text],
    ] as const) {
      const verdict = (await cosmic(['verify', file, '--json'], { input })).json<Inspection>();
      expect(verdict).toMatchObject({ valid: true, id, format: 'native/2', uncovered: [] });
      expect(verdict.checks.map((finding) => `${finding.name} ${String(finding.ok)}`)).toEqual([
        'form true',
        'body true',
        'kind true',
        'signature true',
        'sky true',
      ]);
    }
    const bytes = readFileSync(path('block.cbor'));
    bytes[bytes.length - 1]! ^= 1;
    writeFileSync(path('bad.cbor'), bytes);
    const bad = await cosmic(['verify', path('bad.cbor')]);
    expect(bad).toMatchObject({
      status: 1,
      stdout: expect.stringMatching(/NOT valid\n.*✗ body {2}block\.body_mismatch/s),
    });
  });

  test('status and peers', async () => {
    expect((await cosmic(['status', '--json'])).json<NodeStatus>()).toMatchObject({
      head: { count: 1 },
      counts: { rows: 1, authors: 1 },
    });
    expect((await cosmic(['peers'])).stdout).toMatch(/no peers/);
    for (const [address, why] of [
      ['nonsense', /expected ws:/],
      [node.url, /that is the node itself/],
    ] as const)
      expect(await cosmic(['peers', 'add', address, '--data', path('one')])).toMatchObject({
        status: 2,
        stderr: expect.stringMatching(why),
      });
    const added = await cosmic(['peers', 'add', second.url, '--data', path('one'), '--json']);
    expect(added.json<{ peers: PeerStatus[] }>().peers).toMatchObject([{ configured: true }]);
    await waitUntil(async () => (await second.client.status()).head.count === 1);
    expect((await cosmic(['get', id], { to: second })).status).toBe(0);
    expect((await cosmic(['peers', 'remove', second.url, '--data', path('one'), '--json'])).json()).toEqual({
      peers: [],
      banned: [],
    });
  });
});

describe('other ways in and out', () => {
  test.each(['cbor', 'jsonl', 'car'] as const)('export --format %s comes back unchanged', async (format) => {
    const file = path(`all.${format}`);
    expect(await cosmic(['export', file, '--format', format])).toMatchObject({ status: 0 });
    expect((await cosmic(['import', file, '--json'])).json()).toEqual({ stored: 0, known: 1, later: 0, refused: [] });
  });

  test('a name that blocks are not written as is refused', async () => {
    expect(await cosmic(['export', path('all.csv')])).toMatchObject({
      status: 2,
      stderr: expect.stringMatching(/\.csv/),
    });
    expect(existsSync(path('all.csv'))).toBe(false);
  });

  test('a name that ends in .car gets a CAR without --format', async () => {
    await cosmic(['export', path('named.car')]);
    await cosmic(['export', path('asked'), '--format', 'car']);
    expect(readFileSync(path('named.car'))).toEqual(readFileSync(path('asked')));
    expect((await cosmic(['verify', path('named.car'), '--json'])).json()).toMatchObject({ valid: true });
  });

  test('export --format npy: a matrix and its ids', async () => {
    await cosmic(['export', path('rows.npy'), '--format', 'npy']);
    const bytes = readFileSync(path('rows.npy'));
    expect(bytes.subarray(1, 6).toString()).toBe('NUMPY');
    expect(bytes.toString('latin1')).toContain(`'shape': (1, 384)`);
    expect(JSON.parse(readFileSync(path('rows.space.json'), 'utf8'))).toMatchObject({
      id: expect.stringMatching(/^bafyrei/),
      space: { model: 'builtin/english-1', dims: 384 },
    });
    expect(readFileSync(path('rows.ids.txt'), 'utf8')).toMatch(/^bafyrei\w+\t0\n$/);
  });

  test('create makes a block that verify accepts, of version 2 and of version 1', async () => {
    await cosmic([
      'create',
      '--content',
      'By hand.',
      '--metadata',
      'tags=a,b',
      'origin=desk',
      '--validate',
      '--output-file',
      path('v2.json'),
    ]);
    expect(JSON.parse(readFileSync(path('v2.json'), 'utf8'))).toMatchObject({ version: 2, tags: ['a', 'b'] });
    await cosmic([
      'create',
      '--format',
      '1',
      '--content',
      'As ever.',
      '--metadata',
      'k=v',
      '--sign',
      '--validate',
      '--latitude',
      '48',
      '--longitude',
      '11',
      '--output-file',
      path('v1.json'),
    ]);
    expect((await cosmic(['verify', path('v2.json'), '--json'])).json()).toMatchObject({
      valid: true,
      format: 'native/2',
    });
    expect((await cosmic(['verify', path('v1.json'), '--json'])).json()).toMatchObject({
      valid: true,
      format: 'python/1',
      uncovered: ['cosmo_signature', 'cosmo_hash'],
    });
    expect((await cosmic(['create', '--format', '1', '--content', 'x', '--json'])).stdout).not.toContain('"signature"');
  });

  test('embed: one text, lines, and NPY', async () => {
    expect((await cosmic(['embed', 'low', 'tide', '--json'])).json()).toMatchObject({
      dims: 384,
      model: 'builtin/english-1',
    });
    const lines = await cosmic(['embed', '--lines'], { input: '{"text":"low tide"}\n{"no":1}\n' });
    expect(lines.status).toBe(1);
    expect(
      lines.stdout
        .trim()
        .split('\n')
        .map((line) => Object.keys(JSON.parse(line) as object)),
    ).toEqual([['vector', 'space'], ['error']]);
    await cosmic(['embed', 'low tide', '--npy', path('one.npy')]);
    expect(readFileSync(path('one.npy')).length).toBe(128 + 4 * 384);
    expect(await cosmic(['embed', 'x', '--space', 'bafyother'])).toMatchObject({
      status: 1,
      stderr: expect.stringMatching(/^cosmic: space\.mismatch: /),
    });
  });
});

describe('keys', () => {
  test('a locked key signs with its passphrase only', async () => {
    await cosmic(['key', 'new', 'safe', '--passphrase'], { env: { COSMIC_PASSPHRASE: 'open sesame' } });
    expect(
      (await cosmic(['key', 'list', '--json'])).json<{ keys: { name: string; locked: boolean }[] }>().keys,
    ).toMatchObject([
      { name: 'default', locked: false },
      { name: 'safe', locked: true },
    ]);
    expect(await cosmic(['publish', path('tides.md'), '--key', 'safe'])).toMatchObject({
      status: 1,
      stderr: expect.stringMatching(/^cosmic: key\.locked: /),
    });
    expect(
      await cosmic(['publish', path('tides.md'), '--key', 'safe'], { env: { COSMIC_PASSPHRASE: 'open sesame' } }),
    ).toMatchObject({ status: 0 });
  });

  test('export and import carry a key over, and never replace one', async () => {
    const { stdout } = await cosmic(['key', 'export', 'default']);
    expect(stdout).toMatch(/^[0-9a-f]{64}\n$/);
    writeFileSync(path('carried'), stdout);
    const [was, is] = [
      await cosmic(['key', 'show', 'default', '--json']),
      await cosmic(['key', 'import', 'copy', path('carried'), '--json']),
    ];
    expect(is.json<{ did: string }>().did).toBe(was.json<{ did: string }>().did);
    expect(await cosmic(['key', 'import', 'copy', path('carried')])).toMatchObject({
      status: 1,
      stderr: expect.stringMatching(/^cosmic: key\.exists: /),
    });
  });

  test('rotate hands the identity over and publishes it', async () => {
    const { count } = (await node.client.status()).head;
    const rotated = (await cosmic(['key', 'rotate', 'copy', '--json'])).json<{
      from: { name: string; did: string };
      to: { name: string; did: string };
    }>();
    expect(rotated).toMatchObject({ from: { name: 'copy-before-1' }, to: { name: 'copy' } });
    expect((await node.client.status()).head.count).toBe(count + 2);
    expect((await cosmic(['key', 'show', 'copy', '--json'])).json<{ did: string }>().did).toBe(rotated.to.did);
  });
});

describe('taking back, and a data folder’s upkeep', () => {
  test('retract hides a block, the view says so', async () => {
    writeFileSync(path('regret.md'), 'A sentence about zeppelins that its author regrets.');
    // The configured key has been rotated away above: what it signs now counts for nothing.
    await cosmic(['key', 'new', 'writer']);
    const { ids } = (await cosmic(['publish', path('regret.md'), '--key', 'writer', '--json'])).json<{
      ids: string[];
    }>();
    const found = async () =>
      (await cosmic(['search', 'zeppelins', '--json'])).json<{ hits: { id: string }[] }>().hits.map((hit) => hit.id);
    expect(await found()).toContain(ids[0]);
    expect((await cosmic(['retract', ids[0]!, '--reason', 'regret', '--key', 'writer'])).status).toBe(0);
    await waitUntil(async () => (await node.client.status()).followers.every((follower) => follower.lag === 0));
    expect(await found()).not.toContain(ids[0]);
    expect((await cosmic(['get', ids[0]!])).stderr).toMatch(
      /^! retracted: by its author in bafyrei\w+, verified here \(standing\)\n$/,
    );
    // Published again it is a new block; and nobody retracts what somebody else signed.
    const again = (await cosmic(['publish', path('regret.md'), '--key', 'writer', '--json'])).json<{ ids: string[] }>();
    expect(again.ids[0]).not.toBe(ids[0]);
    await cosmic(['key', 'new', 'stranger']);
    expect(await cosmic(['retract', again.ids[0]!, '--key', 'stranger'])).toMatchObject({
      status: 1,
      stderr: expect.stringMatching(/^cosmic: block\.not_yours: /),
    });
    expect((await cosmic(['get', again.ids[0]!])).stderr).toMatch(
      /^· the node’s views have nothing to say of it, which proves nothing/,
    );
    expect((await cosmic(['retract', again.ids[0]!, '--key', 'writer'])).status).toBe(0);
    expect((await cosmic(['view', 'standing', 'of', `id=${ids[0]!}`])).stdout).toMatch(/retract/);
    expect(await cosmic(['view', 'standing', 'nonsense'])).toMatchObject({
      status: 1,
      stderr: expect.stringMatching(/^cosmic: \w+\.\w+: /),
    });
  }, 60_000);

  test('erase --online drops the body and keeps the header', async () => {
    writeFileSync(path('gone.md'), 'A sentence about dirigibles that has to go.');
    const { ids } = (await cosmic(['publish', path('gone.md'), '--key', 'writer', '--json'])).json<{ ids: string[] }>();
    expect((await cosmic(['erase', ids[0]!, '--online', '--data', path('one')])).stdout).toMatch(/^1 block erased/);
    const view = await node.client.get(ids[0]!);
    expect(view!.wire.at(-1)).toBe(0xf6);
    expect((await cosmic(['search', 'dirigibles', '--json'])).stdout).not.toContain(ids[0]);
  });

  test('backup and fsck run beside the node, erase without --online says who holds the folder', async () => {
    expect(await cosmic(['backup', path('copy'), '--data', path('one')])).toMatchObject({
      status: 0,
      stdout: expect.stringMatching(/^\d+ blocks up to \d+ copied/),
    });
    expect(await cosmic(['fsck', '--data', path('one')])).toMatchObject({
      status: 0,
      stdout: expect.stringMatching(/all well/),
    });
    expect(await cosmic(['erase', `bafyrei${'a'.repeat(52)}`, '--data', path('one')])).toMatchObject({
      status: 1,
      stderr: expect.stringMatching(/^store\.locked: /),
    });
  });
});

/** Until two processes have talked; bounded by the test's own time. */
async function waitUntil(done: () => Promise<boolean>): Promise<void> {
  while (!(await done())) await new Promise((resolve) => setImmediate(resolve));
}
