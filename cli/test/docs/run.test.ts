import { spawn } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { isRun, pagesOf, scriptOf, snippetsOf, type Snippet } from './snippets.ts';

/** Blocks of code in the pages run as a reader would run them: each page in a folder and home of its own, against real nodes. */
const root = fileURLToPath(new URL('../../..', import.meta.url));
const pages = pagesOf(root).map((page) => [page, snippetsOf(root, page)] as const);
const all = pages.flatMap(([, snippets]) => snippets);
const left = all.filter(({ notRun }) => notRun !== undefined);
let temp: string;

beforeAll(() => {
  temp = mkdtempSync(join(tmpdir(), 'cosmic-docs-'));
  const bin = join(temp, 'bin');
  mkdirSync(bin);
  const program = (name: string, text: string): void => {
    writeFileSync(join(bin, name), `#!/usr/bin/env bash\n${text}\n`);
    chmodSync(join(bin, name), 0o755);
  };
  program('cosmic', `exec '${process.execPath}' '${join(root, 'cli/bin/cosmic.js')}' "$@"`);
  program('cosmic-node', `exec '${process.execPath}' '${join(root, 'node/bin/cosmic-node.js')}' "$@"`);
  program('npx', 'case $1 in cosmic) shift; exec cosmic "$@" ;; *) echo "npx $1: not from a page" >&2; exit 1 ;; esac');
  program(
    'run-typescript',
    `'${join(root, 'node_modules/.bin/esbuild')}' "$1" --format=esm --outfile="$1.mjs" --log-level=error && exec '${process.execPath}' "$1.mjs"`,
  );
  // A plain answer of /health: the node listens. It is not asked for ever.
  program(
    'wait-for-node',
    'for _ in $(seq 600); do curl -fs "http://127.0.0.1:$1/health" >/dev/null && exit 0; sleep .1; done; cat "node-$1.err" >&2; exit 1',
  );
});
afterAll(() => rmSync(temp, { recursive: true, force: true }));

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Runs a page's blocks; answers the status and all that was written. */
async function runPage(page: string, snippets: readonly Snippet[]): Promise<{ status: number | null; said: string }> {
  const folder = join(temp, page.replace(/\W/g, '-'));
  mkdirSync(folder);
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
  for (const name of ['README.md', 'specs', 'examples', 'deploy']) symlinkSync(join(root, name), join(folder, name));
  const ports = new Map<string, number>();
  for (const written of ['8080', '8081', '8082']) ports.set(written, await freePort());
  const clean = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('COSMIC_')));
  const child = spawn('bash', ['-c', scriptOf(snippets, ports)], {
    cwd: folder,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      ...clean,
      PATH: `${join(temp, 'bin')}:${process.env['PATH']}`,
      COSMIC_HOME: join(folder, '.home'),
      COSMIC_NODE: `http://127.0.0.1:${ports.get('8080')}`,
    },
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => (said += text));
  const status = await new Promise<number | null>((resolve) => child.once('exit', resolve));
  try {
    process.kill(-child.pid!, 'SIGKILL');
  } catch {
    // All that it began has ended with it.
  }
  return { status, said };
}

const running = pages.filter(([, snippets]) => snippets.some((one) => isRun(one) && one.notRun === undefined));
describe.each(running)('%s', (page, snippets) => {
  test('every block of code runs', async () => {
    const { status, said } = await runPage(page, snippets);
    const where = [...said.matchAll(/^@@ (.*)$/gm)].at(-1)?.[1];
    expect({ status, where, said: status === 0 ? '' : said.slice(-3000) }).toEqual({
      status: 0,
      where: 'done',
      said: '',
    });
  }, 900_000);
});

test('JSON in a page is JSON', () => {
  const broken = all.filter(({ language, code }) => {
    try {
      if (language === 'json') JSON.parse(code);
      return false;
    } catch {
      return true;
    }
  });
  expect(broken.map(({ page, line }) => `${page}:${line}`)).toEqual([]);
});

test('what is not run says why, and does not grow unseen', () => {
  for (const { page, line, notRun } of left) console.log(`not run: ${page}:${line}: ${notRun}`);
  console.log(`${all.filter((one) => isRun(one) && one.notRun === undefined).length} blocks run, ${left.length} not`);
  expect(left.filter(({ notRun }) => notRun!.trim().length < 10)).toEqual([]);
  expect(left.length).toBeLessThanOrEqual(30);
});
