import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect } from '@jest/globals';
import { build } from 'esbuild';
import { chromium, type Browser } from 'playwright-core';
import { createLog, createNode, loadConfig, type RunningNode } from '../node/src/index.js';
import { testUnless } from '../sdk/test/skipping.ts';

const executablePath = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find(existsSync);
const testWith = testUnless(
  executablePath === undefined
    ? 'the example for browsers is not opened, Chromium is not installed (apt-get install chromium)'
    : undefined,
);
const path = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

let data: string;
let node: RunningNode;
let pages: Server;
let browser: Browser | undefined;

beforeAll(async () => {
  if (executablePath === undefined) return;
  data = await mkdtemp(join(tmpdir(), 'browser-example-'));
  const bundled = await build({
    entryPoints: [path('browser.ts')],
    bundle: true,
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
    write: false,
  });
  // As a bundler lays it out: the script and the data file that it names.
  const files: Readonly<Record<string, readonly [type: string, body: Uint8Array]>> = {
    '/': ['text/html', readFileSync(path('browser.html'))],
    '/browser.js': ['text/javascript', bundled.outputFiles[0]!.contents],
    '/assets/english-1.bin': ['application/octet-stream', readFileSync(path('../sdk/assets/english-1.bin'))],
  };
  pages = createServer((request, response) => {
    const [type, body] = files[new URL(request.url!, 'http://x').pathname] ?? ['text/plain', new Uint8Array()];
    response.setHeader('content-type', type).end(body);
  });
  await new Promise<void>((resolve) => pages.listen(0, '127.0.0.1', resolve));
  const origin = `http://127.0.0.1:${(pages.address() as AddressInfo).port}`;
  node = await createNode(await loadConfig({ data, port: 0, log: 'silent', cors: [origin] }), createLog('silent'));
  browser = await chromium.launch({
    executablePath,
    args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking'],
  });
}, 120_000);
afterAll(async () => {
  await browser?.close();
  await node?.close();
  await new Promise((resolve) => (pages === undefined ? resolve(undefined) : pages.close(resolve)));
  if (data !== undefined) await rm(data, { recursive: true, force: true });
}, 60_000);

testWith(
  'a page remembers, finds and verifies; its key outlives it',
  async () => {
    const page = await browser!.newPage();
    const faults: string[] = [];
    page.on('pageerror', (error) => faults.push(String(error)));
    const url = `http://127.0.0.1:${(pages.address() as AddressInfo).port}/?node=${encodeURIComponent(node.url)}`;
    const said = async (n: number): Promise<string> => {
      await page.waitForSelector(`#said li:nth-child(${n})`, { timeout: 90_000 });
      return page.$eval(`#said li:nth-child(${n})`, (item) => item.textContent ?? '');
    };
    const enter = async (text: string): Promise<void> => {
      await page.fill('#text', text);
      await page.press('#text', 'Enter');
    };
    await page.goto(url);
    const me = await said(1);
    expect(me).toMatch(/^I am did:key:z6Mk/);
    await enter('The kiln fires at 1240 °C.');
    expect(await said(2)).toBe('stored: The kiln fires at 1240 °C.');
    await enter('how hot is the kiln?');
    expect(await said(3)).toBe('The kiln fires at 1240 °C. (verified: true)');
    await page.reload();
    expect(await said(1)).toBe(me);
    expect(faults).toEqual([]);
  },
  180_000,
);
