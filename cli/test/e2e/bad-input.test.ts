import { spawn } from 'node:child_process';
import { closeSync, existsSync, ftruncateSync, mkdirSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { startNode, type DemoNode } from '../../src/demo/nodes.js';

const bin = fileURLToPath(new URL('../../bin/cosmic.js', import.meta.url));
let temp: string;
let node: DemoNode;
let other: Server;

const path = (name: string): string => join(temp, name);
const otherUrl = (): string => `http://127.0.0.1:${(other.address() as AddressInfo).port}`;

beforeAll(async () => {
  temp = mkdtempSync(join(tmpdir(), 'cosmic-bad-'));
  node = await startNode('node', { folder: temp, peers: [], detached: false });
  other = createServer((_request, reply) => reply.end('<h1>hello</h1>'));
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
  writeFileSync(path('empty.md'), '');
  writeFileSync(path('blank.md'), '  \n\n\t\n');
  writeFileSync(path('binary.dat'), Buffer.from([0x7f, 0x45, 0x4c, 0x46, 0, 1, 2, 3]));
  writeFileSync(path('paper.pdf'), '%PDF-1.7\n');
  writeFileSync(path('table.csv'), 'a,b\n1,2\n');
  const huge = openSync(path('huge.txt'), 'w');
  ftruncateSync(huge, 200 * 1024 * 1024);
  closeSync(huge);
  mkdirSync(path('pictures'));
  writeFileSync(path('pictures/a.png'), 'x');
  mkdirSync(path('nothing'));
  writeFileSync(path('good.md'), '# Good\n\nA text that could be published.\n');
  writeFileSync(path('garbage.cbor'), Buffer.from('d28443a10132', 'hex'));
  writeFileSync(path('garbage.json'), '{"version": 2, "kind": ');
  writeFileSync(path('not-a-key'), 'hello');
  mkdirSync(path('broken-home'));
  writeFileSync(path('broken-home/config.json'), '{oops');
  expect((await cosmic('init')).status).toBe(0);
  expect((await cosmic('publish', path('good.md'))).status).toBe(0);
}, 60_000);
afterAll(async () => {
  await node?.stop();
  other?.close();
  rmSync(temp, { recursive: true, force: true });
});

interface Done {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function cosmic(...args: string[]): Promise<Done> {
  const common = ['--home', path('home'), '--node', node.url].filter((_, i, all) => !args.includes(all[i - (i % 2)]!));
  return runBin([...args, ...common]);
}

/** The real command in a process of its own; the environment of whoever runs the tests must not configure it. */
function runBin(args: readonly string[], input = ''): Promise<Done> {
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('COSMIC_')));
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [bin, ...args], { env, timeout: 60_000 });
    let [stdout, stderr] = ['', ''];
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    child.once('error', reject);
    child.once('close', (status) => resolve({ status, stdout, stderr }));
    child.stdin.end(input);
  });
}

/** Exactly one line on stderr, no stack, nothing on stdout. */
function expectOneLine({ stdout, stderr }: { stdout: string; stderr: string }, starts: string): void {
  expect(stderr).toMatch(/^[^\n]+\n$/);
  expect(stderr.slice(0, 8 + starts.length)).toBe(`cosmic: ${starts}`);
  expect(stderr).not.toMatch(/\n\s+at |node:internal|undefined|\[object/);
  expect(stdout).toBe('');
}

describe('one line with its code, and the right exit status', () => {
  const cases: [string, () => string[], number, string][] = [
    ['an unknown command', () => ['serach', 'x'], 2, 'unknown command serach. Did you mean search?'],
    ['no command', () => [], 2, 'say what to do'],
    ['an unknown flag', () => ['search', 'x', '--tga', 'y'], 2, 'unknown argument tga; did you mean --tag?'],
    ['a flag without its value', () => ['search', 'x', '--k'], 2, ''],
    ['search without words', () => ['search'], 2, 'say what to look for'],
    ['k that is no number', () => ['search', 'x', '--k', 'many'], 2, '--k'],
    ['k below 0', () => ['search', 'x', '--k=-1'], 2, '--k'],
    ['k over the limit', () => ['search', 'x', '--k', '10001'], 2, '--k'],
    ['publish without a path', () => ['publish'], 2, 'name files or folders'],
    ['a missing file', () => ['publish', path('nowhere.md')], 1, 'input.not_found: '],
    ['an empty file', () => ['publish', path('empty.md')], 1, 'input.empty: '],
    ['a file of white space', () => ['publish', path('blank.md')], 1, 'input.empty: '],
    ['a binary file', () => ['publish', path('binary.dat')], 1, 'input.binary: '],
    ['a PDF', () => ['publish', path('paper.pdf')], 1, 'input.unsupported: '],
    ['a table', () => ['publish', path('table.csv')], 1, 'input.unsupported: '],
    ['a file of 200 MB that is no text', () => ['publish', path('huge.txt')], 1, 'input.binary: '],
    ['200 MB where one text is asked for', () => ['embed', '--input-file', path('huge.txt')], 1, 'input.too_large: '],
    ['a folder without text', () => ['publish', path('pictures')], 1, 'input.empty: '],
    ['an empty folder', () => ['publish', path('nothing')], 1, 'input.empty: '],
    ['a good file beside a bad one', () => ['publish', path('good.md'), path('binary.dat')], 1, 'input.binary: '],
    ['a time that is none', () => ['publish', path('good.md'), '--at', 'yesterday'], 2, '--at: "yesterday" is no time'],
    ['half a place', () => ['publish', path('good.md'), '--latitude', '3'], 1, 'sky.place_invalid: '],
    ['a place beyond the pole', () => ['init', '--latitude', '93', '--longitude', '0'], 1, 'sky.place_invalid: '],
    ['an unknown embedder', () => ['publish', path('good.md'), '--embedder', 'magic'], 1, 'config.malformed: '],
    ['no embedder configured', () => ['embed', 'x', '--home', path('fresh')], 1, 'embedder.unset: '],
    ['no key', () => ['publish', path('good.md'), '--home', path('fresh')], 1, 'key.not_found: '],
    ['a key file that is none', () => ['publish', path('good.md'), '--key', path('not-a-key')], 1, 'key.malformed: '],
    ['a broken configuration file', () => ['status', '--home', path('broken-home')], 1, 'config.malformed: '],
    ['nobody at that address', () => ['status', '--node', 'http://127.0.0.1:9'], 3, 'node.unreachable: '],
    [
      'publishing to nobody',
      () => ['publish', path('good.md'), '--node', 'http://127.0.0.1:9'],
      3,
      'node.unreachable: ',
    ],
    ['another server at that address', () => ['status', '--node', otherUrl()], 3, 'node.unreachable: '],
    ['an address that is none', () => ['status', '--node', 'nonsense'], 2, '--node "nonsense": expected an address'],
    ['a time of a day that is none', () => ['publish', path('good.md'), '--at', '2026-02-30T00:00:00Z'], 2, '--at: '],
    ['an empty name of a file', () => ['publish', ''], 1, 'input.not_found: '],
    ['an operand behind --', () => ['publish', '--', '--nowhere'], 1, 'input.not_found: --nowhere'],
    ['one flag twice', () => ['search', 'x', '--k', '1', '--k', '2'], 2, '--k is given more than once'],
    [
      'an unknown id',
      () => ['get', 'bafyreigh2akiscaildcqabsyg3dfr6chu3fgpregiymsck7e7aqa4s52zy'],
      1,
      'block.not_found: ',
    ],
    ['an id that is none', () => ['get', '../../etc/passwd'], 1, 'block.not_found: '],
    [
      'a space that nobody knows',
      () => ['search', 'x', '--space', 'bafyreigh2akiscaildcqabsyg3dfr6chu3fgpregiymsck7e7aqa4s52zy'],
      1,
      'space.unknown: ',
    ],
    ['verifying a missing file', () => ['verify', path('nowhere')], 1, 'input.not_found: '],
    ['verifying an empty file', () => ['verify', path('empty.md')], 1, 'input.empty: '],
    [
      'a peer without a token',
      () => ['peers', 'add', 'http://127.0.0.1:9', '--token', 'wrong'],
      1,
      'request.unauthorised: ',
    ],
    ['a port that is none', () => ['node', 'start', '--port', '70000'], 2, '--port 70000'],
    ['an unknown thing to do with nodes', () => ['node', 'stop'], 2, ''],
  ];
  test.each(cases)('%s', async (_, args, status, starts) => {
    const done = await cosmic(...args());
    expectOneLine(done, starts);
    expect(done.status).toBe(status);
  });

  test('nothing of all this has reached the node, and it keeps running', async () => {
    expect((await node.client.status()).head.count).toBe(1);
    expect(existsSync(path('fresh/publications.jsonl'))).toBe(false);
  });
});

describe('blocks that are none', () => {
  test.each(['garbage.cbor', 'garbage.json', 'good.md'])(
    'verify %s: not valid, with the code, status 1',
    async (name) => {
      const { status, stdout } = await cosmic('verify', path(name));
      expect(status).toBe(1);
      expect(stdout).toMatch(/NOT valid\n {2}✗ form +block\.\w+/);
    },
  );

  test('--lines answers every line by itself', async () => {
    const { status, stdout } = await runBin(['verify', '--lines', '-', '--home', path('home')], '{"a":1}\nnonsense\n');
    expect(status).toBe(1);
    expect(
      stdout
        .trim()
        .split('\n')
        .map((line) => (JSON.parse(line) as { valid: boolean }).valid),
    ).toEqual([false, false]);
  });
});

test('--json: a problem object on stdout beside the line', async () => {
  const { status, stdout, stderr } = await cosmic(
    'get',
    'bafyreigh2akiscaildcqabsyg3dfr6chu3fgpregiymsck7e7aqa4s52zy',
    '--json',
  );
  expect(status).toBe(1);
  expect(JSON.parse(stdout)).toMatchObject({ code: 'block.not_found', status: 404 });
  expect(stderr).toMatch(/^cosmic: block\.not_found: [^\n]+\n$/);
});

describe('k', () => {
  test('0 asks for nothing and gets it', async () => {
    expect(await cosmic('search', 'text', '--k', '0')).toMatchObject({ status: 0, stdout: '0 hits: k is 0\n' });
  });

  test('larger than the ledger: what there is, and that there is no more', async () => {
    const { status, stdout } = await cosmic('search', 'published text', '--k', '1000');
    expect(status).toBe(0);
    expect(stdout).toMatch(/\n1 hit; there are no more\n$/);
  });
});

describe('cosmic node start', () => {
  const start = (...args: string[]) => cosmic('node', 'start', '--port', '0', '--log', 'silent', ...args);
  const said = (stderr: string): string => stderr.trim().split('\n').at(-1)!;

  test('a port in use', async () => {
    const { status, stderr } = await cosmic(
      'node',
      'start',
      '--data',
      path('second'),
      '--port',
      String(new URL(node.url).port),
      '--log',
      'silent',
    );
    expect(status).toBe(1);
    expect(said(stderr)).toMatch(/port in use.*choose another --port/);
  });

  test('a data folder that a running node owns', async () => {
    const { status, stderr } = await start('--data', path('node'));
    expect(status).toBe(1);
    expect(said(stderr)).toMatch(/^store\.locked: .*\d/);
  });

  test('a data folder of another network', async () => {
    await runOnce(path('third'), 'alpha');
    const { status, stderr } = await start('--data', path('third'), '--network', 'beta');
    expect(status).toBe(1);
    expect(said(stderr)).toMatch(/^store\.foreign: .*alpha.*beta/);
  });

  test('a data folder of another node', async () => {
    await runOnce(path('fifth'), 'dev');
    writeFileSync(path('fifth/node.key'), `${'17'.repeat(32)}\n`);
    const { status, stderr } = await start('--data', path('fifth'));
    expect(status).toBe(1);
    expect(said(stderr)).toMatch(/^store\.foreign: .*did:key:/);
  });

  test('a data folder of a newer version', async () => {
    await runOnce(path('fourth'), 'dev');
    const { default: Database } = (await import('better-sqlite3')) as unknown as {
      default: new (file: string) => { exec(text: string): void; close(): void };
    };
    const database = new Database(path('fourth/store.sqlite'));
    database.exec(`UPDATE meta SET value = '999' WHERE name = 'version'`);
    database.close();
    const { status, stderr } = await start('--data', path('fourth'));
    expect(status).toBe(1);
    expect(said(stderr)).toMatch(/^store\.too_new: .*999/);
  });
});

/** Starts a node until it listens, then stops it: its folder is made. */
function runOnce(data: string, network: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(
      process.execPath,
      [
        bin,
        'node',
        'start',
        '--data',
        data,
        '--port',
        '0',
        '--network',
        network,
        '--log',
        'silent',
        '--home',
        path('home'),
      ],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
    child.stdout.once('data', () => child.kill('SIGTERM'));
    child.once('exit', (status) => (status === 0 ? resolve() : reject(new Error(`status ${String(status)}`))));
  });
}

describe('over HTTP: a problem object with its code', () => {
  const post = (route: string, body: string | Uint8Array, type = 'application/json') =>
    fetch(node.url + route, { method: 'POST', headers: { 'content-type': type }, body: body as BodyInit });
  test.each<[string, () => Promise<Response>, number, string]>([
    ['JSON that is none', () => post('/v2/search', '{'), 400, 'request.malformed'],
    ['JSON of the wrong shape', () => post('/v2/search', '{"k":"x"}'), 400, 'request.malformed'],
    ['an unknown field', () => post('/v2/search', '{"text":"x","nonsense":1}'), 400, 'request.malformed'],
    ['a question without a question', () => post('/v2/search', '{"k":3}'), 400, 'search.bad_query'],
    ['no block at all', () => post('/v2/blocks', '', 'application/cbor-seq'), 400, 'request.malformed'],
    [
      'bytes that are no block',
      () => post('/v2/blocks', Uint8Array.of(1, 2, 3), 'application/cbor-seq'),
      400,
      'block.malformed',
    ],
    ['a line that is no block', () => post('/v2/blocks', '{"a":1}\n', 'application/x-ndjson'), 400, 'block.unsigned'],
    [
      'an unknown id',
      () => fetch(`${node.url}/v2/blocks/bafyreigh2akiscaildcqabsyg3dfr6chu3fgpregiymsck7e7aqa4s52zy`),
      404,
      'block.not_found',
    ],
    ['an unknown route', () => fetch(`${node.url}/v3/blocks`), 404, 'request.not_found'],
    [
      'a vector of another length',
      async () =>
        post(
          '/v2/search',
          JSON.stringify({
            k: 1,
            vector: { space: (await node.client.status()).counts.spaces[0]!.id, values: [1, 2] },
          }),
        ),
      400,
      'space.dims_mismatch',
    ],
    [
      'erasing without the token',
      () => post('/v2/erase', '{"ids":["x"],"reason":"quota"}'),
      401,
      'request.unauthorised',
    ],
  ])('%s', async (_, send, status, code) => {
    const answer = await send();
    expect(answer.headers.get('content-type')).toMatch(/^application\/problem\+json/);
    expect({ status: answer.status, code: ((await answer.json()) as { code: string }).code }).toEqual({ status, code });
    expect((await fetch(`${node.url}/health`)).status).toBe(200);
  });
});

test('a body over the limit is refused before it has been sent', async () => {
  const answer = await new Promise<{ status: number | undefined; body: string }>((resolve, reject) => {
    const headers = { 'content-type': 'application/json', 'content-length': String(65 * 1024 * 1024) };
    const sending = request(`${node.url}/v2/search`, { method: 'POST', headers }, (reply) => {
      let body = '';
      reply.setEncoding('utf8').on('data', (text: string) => (body += text));
      reply.on('end', () => {
        resolve({ status: reply.statusCode, body });
        sending.destroy();
      });
    });
    sending.once('error', reject);
    sending.flushHeaders();
  });
  expect(answer.status).toBe(413);
  expect(JSON.parse(answer.body)).toMatchObject({ code: 'request.too_large' });
});
