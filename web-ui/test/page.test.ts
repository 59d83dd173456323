import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { chromium, type Browser, type Page } from 'playwright-core';
import { createLexicalEmbedder } from '@cosmicembeddings/sdk/embedders';
import { identityOf } from '../../cli/src/keys/author.js';
import { startNode, type DemoNode } from '../../cli/src/demo/nodes.js';
import { collectInputs } from '../../cli/src/publish/inputs.js';
import { openJournal } from '../../cli/src/publish/journal.js';
import { publishAll } from '../../cli/src/publish/publish.js';

const executablePath = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find(existsSync);
if (executablePath === undefined)
  process.stderr.write('skipped: the page is not tested, Chromium is not installed (apt-get install chromium)\n');

const suite = executablePath === undefined ? describe.skip : describe;

suite('the page in Chromium', () => {
  let temp: string;
  let node: DemoNode;
  let browser: Browser;
  let page: Page;
  const faults: string[] = [];

  beforeAll(async () => {
    temp = mkdtempSync(join(tmpdir(), 'cosmic-page-'));
    writeFileSync(
      join(temp, 'rivers.md'),
      '# Rivers\n\nThe river bends around the old mill before it reaches the sea.\n',
    );
    writeFileSync(
      join(temp, 'script.md'),
      '# <img src=x onerror="document.title=1">\n\n<script>document.title = "owned"</script> the mill of the <b>markup</b>\n',
    );
    node = await startNode('node', { folder: temp, peers: [], detached: false });
    const report = await publishAll(
      collectInputs([join(temp, 'rivers.md'), join(temp, 'script.md')]).inputs.map((input) => ({
        ...input,
        options: {
          tags: ['water'],
          text: true,
          dtype: 'f32' as const,
          place: { lat: 48_137_000, lon: 11_575_000, elevation: 520_000 },
        },
      })),
      {
        client: node.client,
        identity: identityOf(new Uint8Array(32).fill(9), 'dev'),
        embedder: createLexicalEmbedder(),
        journal: openJournal(join(temp, 'home')),
        now: () => Date.now(),
      },
    );
    expect(report.published).toBe(2);
    browser = await chromium.launch({ executablePath: executablePath!, args: ['--no-sandbox'] });
    page = await browser.newPage({ viewport: { width: 1100, height: 900 } });
    page.on('pageerror', (error) => faults.push(String(error)));
    page.on('console', (message) => void (message.type() === 'error' && faults.push(message.text())));
  }, 60_000);
  afterAll(async () => {
    await browser?.close();
    await node?.stop();
    rmSync(temp, { recursive: true, force: true });
  }, 30_000);

  const ask = async (question: string): Promise<void> => {
    await page.goto(node.url);
    await page.fill('#q', question);
    await page.click('button[type=submit]');
    await page.waitForSelector('.hit .mark.good, .hit .mark.bad');
  };

  test('answers a question and verifies the hit in the browser', async () => {
    await ask('the old mill by the river');
    const first = page.locator('.hit').first();
    expect(await first.locator('blockquote').textContent()).toContain('The river bends around the old mill');
    expect(await first.locator('h2').textContent()).toBe('rivers.md › Rivers');
    expect(await first.locator('.mark').textContent()).toMatch(
      /^✓ signed by z6Mk\S+ · sky consistent · cosine -?\d\.\d+ recomputed here$/,
    );
    expect(await first.locator('.tier').textContent()).toBe('claimed');
    expect(await first.locator('.tag').allTextContents()).toEqual(['water']);
    await first.locator('.sky svg').waitFor();
    expect(await page.locator('#node').textContent()).toMatch(/2 blocks, 2 vectors, 1 author/);
    expect(await page.locator('body').textContent()).not.toMatch(/\btrue and\b|verified true/);
    expect(faults).toEqual([]);
  }, 60_000);

  test('says what a stamp proves wherever one is shown', async () => {
    expect(await page.locator('footer').textContent()).toMatch(
      /not a proof.*does not mean that what they say is true/s,
    );
  });

  test('a block has a page with its checks, its sky and its JSON form', async () => {
    await ask('the old mill by the river');
    await page.locator('.hit a.id').first().click();
    await page.waitForSelector('.block h1');
    const text = await page.locator('.block').textContent();
    for (const part of [
      'signed by the author shown',
      'sky consistent with the claimed time and place',
      'the bytes are those of this id',
      'embedding/1',
      'first seen here',
    ])
      expect(text).toContain(part);
    expect(await page.locator('.block .chart svg').count()).toBe(1);
    await page.goBack();
    await page.waitForSelector('.hit');
    expect(faults).toEqual([]);
  }, 60_000);

  test('text of others stays text', async () => {
    await ask('mill markup');
    expect(await page.locator('.hit blockquote').allTextContents()).toEqual(
      expect.arrayContaining([expect.stringContaining('<script>')]),
    );
    expect(await page.title()).toBe('CosmicEmbeddings');
    expect(await page.locator('#content img, #content script, #content b').count()).toBe(0);
  }, 60_000);

  test('light and dark', async () => {
    await page.goto(node.url);
    const paper = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    await page.emulateMedia({ colorScheme: 'light' });
    const light = await paper();
    await page.emulateMedia({ colorScheme: 'dark' });
    const dark = await paper();
    expect(dark).not.toBe(light);
    await page.click('#theme');
    expect(await paper()).toBe(light);
    await page.emulateMedia({ colorScheme: 'light' });
    await page.evaluate(() => localStorage.clear());
  }, 60_000);

  test('a node that lies about a block is caught', async () => {
    const liar = await lie(node.url);
    try {
      await page.goto(`${urlOf(liar)}/?q=river`);
      await page.waitForSelector('.hit .mark.bad');
      expect(await page.locator('.hit .mark').first().textContent()).toMatch(
        /✗ not verified: block\.(body_mismatch|bad_signature)/,
      );
    } finally {
      liar.close();
      liar.closeAllConnections();
    }
  }, 60_000);

  test('an unknown block is said in words', async () => {
    await page.goto(`${node.url}/#block=bafyreigh2akiscaildcqabsyg3dfr6chu3fgpregiymsck7e7aqa4s52zy`);
    await page.waitForFunction(() => document.getElementById('say')?.textContent?.includes('block.not_found'));
  }, 60_000);

  const urlOf = (server: Server): string => `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  /** A proxy that changes the last byte of every block. */
  async function lie(target: string): Promise<Server> {
    const server = createServer((request, reply) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const body = request.method === 'POST' ? { body: Buffer.concat(chunks) } : {};
        void fetch(target + request.url!, {
          method: request.method!,
          headers: {
            accept: request.headers.accept ?? '*/*',
            'content-type': request.headers['content-type'] ?? 'application/json',
          },
          ...body,
        }).then(async (answer) => {
          const bytes = Buffer.from(await answer.arrayBuffer());
          if (/^\/v2\/blocks\//.test(request.url!)) bytes[bytes.length - 1]! ^= 1;
          reply
            .writeHead(answer.status, { 'content-type': answer.headers.get('content-type') ?? 'text/plain' })
            .end(bytes);
        });
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return server;
  }
});
