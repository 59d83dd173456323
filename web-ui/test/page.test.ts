import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { chromium, type Browser, type Page } from 'playwright-core';
import { corePlugins, createBlock, createRegistry } from '@cosmicembeddings/sdk';
import { kindOfInfo } from '@cosmicembeddings/sdk/api';
import { createLexicalEmbedder } from '@cosmicembeddings/sdk/embedders';
import { embeddingOf } from '@cosmicembeddings/sdk/testing';
import { identityOf } from '../../cli/src/keys/author.js';
import { startNode, type DemoNode } from '../../cli/src/demo/nodes.js';

const executablePath = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find(existsSync);
if (executablePath === undefined)
  process.stderr.write('skipped: the page is not tested, Chromium is not installed (apt-get install chromium)\n');

const plugin = fileURLToPath(new URL('../../examples/poll/plugin.js', import.meta.url));
const rows = [
  { origin: 'rivers.md', heading: 'Rivers', text: 'The river bends around the old mill before it reaches the sea.' },
  {
    origin: 'script.md',
    heading: '<img src=x onerror="document.title=1">',
    text: '<script>document.title = "owned"</script> the mill of the <b>markup</b>',
  },
  {
    origin: 'bridge.md',
    heading: 'Bridge',
    text: 'The **old bridge** of [stone](https://example.org/stone) carries `a_b_c` and a railway.',
  },
];

const suite = executablePath === undefined ? describe.skip : describe;

suite('the page in Chromium', () => {
  let temp: string;
  let node: DemoNode;
  let browser: Browser;
  let page: Page;
  const faults: string[] = [];

  beforeAll(async () => {
    temp = mkdtempSync(join(tmpdir(), 'cosmic-page-'));
    mkdirSync(join(temp, 'node'));
    writeFileSync(join(temp, 'node', 'config.json'), JSON.stringify({ plugins: [plugin] }));
    node = await startNode('node', { folder: temp, peers: [], detached: false });
    const embedder = createLexicalEmbedder();
    for (const row of rows) {
      const { vectors } = await embedder.embed([row.text], { role: 'passage' });
      const fields = embeddingOf(embedder.space, [{ ...row, vector: vectors[0]! }]);
      const place = { lat: 48_137_000, lon: 11_575_000, elevation: 520_000 };
      const { author } = identityOf(new Uint8Array(32).fill(9), 'dev');
      const { wire } = await createBlock(
        { kind: 'embedding/1', timeMs: Date.now() - 1000, place, tags: ['water'], fields },
        author,
      );
      expect(await node.client.publish([wire], { wait: 'indexed' })).toMatchObject([{ status: 'stored' }]);
    }
    browser = await chromium.launch({ executablePath: executablePath!, args: ['--no-sandbox'] });
    page = await browser.newPage({ viewport: { width: 1100, height: 900 } });
    page.on('pageerror', (error) => faults.push(String(error)));
    page.on('console', (message) => void (message.type() === 'error' && faults.push(message.text())));
  }, 240_000);
  afterAll(async () => {
    await browser?.close();
    await node?.stop();
    rmSync(temp, { recursive: true, force: true });
  }, 30_000);

  const ask = async (question: string): Promise<void> => {
    await page.goto(node.url);
    await page.fill('#q', question);
    await page.click('#ask button[type=submit]');
    await page.waitForSelector('.hit .mark.good, .hit .mark.bad');
  };

  test('answers a question and verifies the hit in the browser', async () => {
    await ask('the old mill by the river');
    const first = page.locator('.hit').first();
    expect(await first.locator('blockquote').textContent()).toContain('The river bends around the old mill');
    expect(await first.locator('h2').textContent()).toBe('rivers.md › Rivers');
    expect(await first.locator('.mark').textContent()).toMatch(
      /^● signed by z6Mk\S+ · sky consistent · cosine -?\d\.\d+ recomputed here$/,
    );
    expect(await first.locator('.tier').textContent()).toBe('claimed');
    expect(await first.locator('.tag').allTextContents()).toEqual(['water']);
    expect(await page.locator('#node').textContent()).toMatch(/holds 3 blocks, 3 vectors and 1 author/);
    expect(await page.locator('body').textContent()).not.toMatch(/\btrue and\b|verified true/);
    expect(faults).toEqual([]);
  }, 60_000);

  test('what narrows a question is in the address, and goes away by a click', async () => {
    await ask('the old mill by the river');
    await page.locator('.hit').first().locator('a.tag').click();
    await page.waitForSelector('.chip');
    expect(new URL(page.url()).hash).toBe('#/search?q=the+old+mill+by+the+river&tag=water');
    await page.waitForSelector('.hit .mark.good');
    await page.locator('.hit').first().locator('.mark a.author').click();
    await page.waitForSelector('.card .mark.good');
    expect(await page.locator('h1').textContent()).toMatch(/^Author z6Mk/);
    expect(await page.locator('dd').first().textContent()).toBe('3');
    expect(await page.locator('.card').count()).toBe(3);
    // An address of an earlier page.
    await page.goto(`${node.url}/?tag=nowhere`);
    await page.getByText('Nothing here is like that.').waitFor();
    await page.locator('.chip a').click();
    await page.getByText('Just arrived').waitFor();
    expect(await page.locator('.card').count()).toBe(3);
    await page.goto(`${node.url}/#/search?q=mill`);
    await page.locator('.hit a.like').first().click();
    await page.waitForSelector('.hit .mark.good');
    expect(await page.locator('.chip').textContent()).toMatch(/^like bafyrei/);
    expect(faults).toEqual([]);
  }, 60_000);

  test('light Markdown is shown as what it means', async () => {
    await ask('bridge of stone');
    const quote = page.locator('.hit', { hasText: 'bridge of' }).first().locator('blockquote');
    expect(await quote.textContent()).toBe('The old bridge of stone carries a_b_c and a railway.');
    expect(await quote.locator('strong').textContent()).toBe('old bridge');
    expect(await quote.locator('code').textContent()).toBe('a_b_c');
    expect(await quote.locator('a, em').count()).toBe(0);
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
    await page.locator('.block details.chart summary').click();
    const text = await page.locator('.block').textContent();
    for (const part of [
      'signed by the author shown',
      'sky consistent with the claimed time and place',
      'the bytes are those of this id',
      'embedding/1',
      'first seen here',
    ])
      expect(text).toContain(part);
    await page.waitForFunction(() => document.querySelector<HTMLImageElement>('.block .chart img')!.naturalWidth > 0);
    await page.goBack();
    await page.waitForSelector('.hit');
    expect(faults).toEqual([]);
  }, 60_000);

  test('text of others stays text', async () => {
    await ask('mill markup');
    expect(await page.locator('.hit blockquote').allTextContents()).toEqual(
      expect.arrayContaining([expect.stringContaining('<script>')]),
    );
    expect(await page.title()).toBe('mill markup · Search · CosmicEmbeddings');
    expect(await page.locator('#content img, #content script, #content b').count()).toBe(0);
  }, 60_000);

  test('any view of any plug-in has a page, and any kind a form', async () => {
    await page.goto(`${node.url}/#/views`);
    await page.getByRole('link', { name: 'Ask or vote' }).click();
    await page.fill('[name=question]', 'Which way?');
    await page.fill('[name=options]', 'left\nright');
    await page.click('.schema button');
    expect(await page.locator('.views pre').textContent()).toMatch(
      /^cosmic publish poll\.example\/1 --json - <<'END'\n\{[^}]*"Which way\?"/,
    );
    await page.goto(`${node.url}/#/view/poll/list`);
    await page.waitForSelector('.answer');
    const { author } = identityOf(new Uint8Array(32).fill(9), 'dev');
    const info = (await node.client.plugins())
      .flatMap(({ kinds }) => kinds)
      .find(({ name }) => name === 'poll.example/1')!;
    const registry = createRegistry([...corePlugins, { name: 'told', kinds: [kindOfInfo(info)], views: [] }]);
    const { wire } = await createBlock(
      { kind: info.name, timeMs: Date.now() - 1000, fields: { question: 'Which way?', options: ['left', 'right'] } },
      { ...author, registry },
    );
    await node.client.publish([wire]);
    // It comes by itself: the answer is watched.
    await page.locator('.answer td', { hasText: 'Which way?' }).first().waitFor();
    await page.locator('.answer a.id').first().click();
    await page.waitForSelector('.block h1');
    expect(faults).toEqual([]);
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
      await page.goto(`${urlOf(liar)}/#/search?q=river`);
      await page.waitForSelector('.hit .mark.bad');
      expect(await page.locator('.hit .mark').first().textContent()).toMatch(
        /✕ not verified: block\.(body_mismatch|bad_signature)/,
      );
      // Its page says so with a shape and in words, and shows nothing of it.
      await page.locator('.hit h2 a').first().click();
      await page.getByText(/^✕ .* Its contents stay closed\.$/).waitFor();
      expect(await page.locator('blockquote').count()).toBe(0);
    } finally {
      liar.close();
      liar.closeAllConnections();
    }
  }, 60_000);

  test('an unknown block is said in words', async () => {
    await page.goto(`${node.url}/#block=bafyreigh2akiscaildcqabsyg3dfr6chu3fgpregiymsck7e7aqa4s52zy`);
    await page.getByText('No such block here. Other nodes may have it.').waitFor();
    expect(new URL(page.url()).hash).toMatch(/^#\/block\/bafyreigh2/);
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
