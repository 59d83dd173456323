import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { chromium, type Browser } from 'playwright-core';
import { dumps, Signer } from '@cosmicembeddings/sdk/python';
import { createLog, createNode, loadConfig, type RunningNode } from '../../src/index.js';

const executablePath = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find(existsSync);
if (executablePath === undefined)
  process.stderr.write(
    'skipped: the hostile page is not opened, Chromium is not installed (apt-get install chromium)\n',
  );

(executablePath === undefined ? describe.skip : describe)('a hostile page in Chromium', () => {
  const folder = mkdtempSync(join(tmpdir(), 'cosmic-hostile-'));
  let node: RunningNode;
  let elsewhere: Server;
  let browser: Browser;
  let port: number;
  let origin: string;
  const block = dumps(
    Signer.fromSeed(new Uint8Array(32).fill(4)).signBlock(new Map([['content', 'planted']]) as never),
  );

  beforeAll(async () => {
    node = await createNode(
      await loadConfig({
        data: folder,
        port: 0,
        log: 'silent',
        verifyWorkers: 1,
        embedders: [{ type: 'builtin', name: 'lexical' }],
      }),
      createLog('silent'),
    );
    port = Number(new URL(node.url).port);
    elsewhere = createServer((_request, response) => {
      response.setHeader('content-type', 'text/html');
      response.end('<!doctype html><title>elsewhere</title><body></body>');
    });
    await new Promise<void>((resolve) => elsewhere.listen(0, '127.0.0.1', resolve));
    origin = `http://elsewhere.test:${(elsewhere.address() as AddressInfo).port}`;
    browser = await chromium.launch({
      executablePath: executablePath!,
      // The name of the page's own server, made to mean this machine: what DNS rebinding does.
      args: [
        '--no-sandbox',
        '--disable-gpu',
        '--disable-background-networking',
        '--host-resolver-rules=MAP *.test 127.0.0.1',
        '--disable-features=LocalNetworkAccessChecks,BlockInsecurePrivateNetworkRequests',
      ],
    });
  }, 60_000);
  afterAll(async () => {
    await browser.close();
    await new Promise((resolve) => elsewhere.close(resolve));
    await node.close();
    rmSync(folder, { recursive: true, force: true });
  });

  test('writes nothing, reads nothing, frames nothing and ends nothing', async () => {
    const page = await browser.newPage();
    await page.goto(origin);
    const outcome = await page.evaluate(
      async ([url, text]) => {
        const tried = async (work: () => Promise<unknown>): Promise<string> => {
          try {
            return JSON.stringify(await work()) ?? 'undefined';
          } catch (error) {
            return `refused: ${(error as Error).name}`;
          }
        };
        const write = (path: string, type: string): Promise<unknown> =>
          fetch(url + path, { method: 'POST', mode: 'no-cors', headers: { 'content-type': type }, body: text! });
        const results: Record<string, string> = {};
        for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x'])
          results[type] = await tried(() => write('/blocks', type));
        results['read'] = await tried(async () => (await fetch(`${url}/v2/status`)).text());
        results['json'] = await tried(async () =>
          (
            await fetch(`${url}/blocks`, {
              method: 'POST',
              headers: { 'content-type': 'application/json' },
              body: text!,
            })
          ).text(),
        );
        for (const target of ['//[', '/v2/peer', '/%', '/v2/peer?x=%00'])
          results[`socket ${target}`] = await tried(
            () =>
              new Promise((resolve, reject) => {
                const socket = new WebSocket(url!.replace('http', 'ws') + target, 'cosmic.1');
                socket.onopen = () => resolve('open');
                socket.onerror = () => reject(new Error('closed'));
              }),
          );
        const form = document.createElement('form');
        Object.assign(form, { method: 'POST', enctype: 'text/plain', action: `${url}/blocks`, target: 'sink' });
        const field = document.createElement('input');
        field.name = text!.slice(0, -1) + ',"x":"';
        field.value = '"}';
        form.append(field);
        const sink = document.createElement('iframe');
        sink.name = 'sink';
        document.body.append(sink, form);
        form.submit();
        const frame = document.createElement('iframe');
        frame.src = `${url}/`;
        const script = document.createElement('script');
        script.src = `${url}/v2/status`;
        document.body.append(frame, script);
        await new Promise((resolve) => setTimeout(resolve, 1000));
        results['frame'] = String(frame.contentDocument?.body.innerText ?? 'not readable');
        return results;
      },
      [node.url, block] as const,
    );
    for (const [name, result] of Object.entries(outcome))
      if (name !== 'frame' && !name.includes('/')) expect([name, result]).toEqual([name, 'refused: TypeError']);
    for (const [name, result] of Object.entries(outcome))
      if (name.startsWith('socket')) expect([name, result]).toEqual([name, 'refused: Error']);
    const framed = page.frames().map((frame) => frame.url());
    expect(framed).not.toContain(`${node.url}/`);
    expect((await node.api.status()).head.count).toBe(0);
    await page.close();
  });

  test('under a rebound name reads and writes nothing', async () => {
    const page = await browser.newPage();
    const answer = await page.goto(`http://rebound.test:${port}/`);
    expect(answer!.status()).toBe(421);
    const read = await page.evaluate(
      async (text) =>
        Promise.all([
          fetch('/v2/status').then(({ status }) => status),
          fetch('/blocks', { method: 'POST', headers: { 'content-type': 'application/json' }, body: text }).then(
            ({ status }) => status,
          ),
        ]),
      block,
    );
    expect(read).toEqual([421, 421]);
    expect((await node.api.status()).head.count).toBe(0);
    await page.close();
  });

  test('the node’s own page lives under its rules', async () => {
    const page = await browser.newPage();
    const broken: string[] = [];
    page.on('console', (message) => message.type() === 'error' && broken.push(message.text()));
    await page.goto(`${node.url}/`);
    await page.fill('#q', 'planted');
    await page.press('#q', 'Enter');
    await page.waitForFunction(() => document.querySelector('#say')?.textContent !== '');
    expect(broken).toEqual([]);
    await page.close();
  });

  test('a page whose origin is configured reads, searches, watches and publishes; one that is not does none of it', async () => {
    const named = origin.replace('elsewhere.test', 'named.test');
    const data = mkdtempSync(join(tmpdir(), 'cosmic-cors-'));
    const open = await createNode(
      await loadConfig({
        data,
        port: 0,
        log: 'silent',
        verifyWorkers: 1,
        cors: [named],
        embedders: [{ type: 'builtin', name: 'lexical' }],
      }),
      createLog('silent'),
    );
    try {
      expect(await used(browser, origin, open.url, block)).toEqual(NOTHING);
      expect((await open.api.status()).head.count).toBe(0);
      expect(await used(browser, named, open.url, block)).toEqual({
        published: '200',
        read: '200 1',
        searched: '200 planted',
        header: 'shown',
        watched: 'open',
        socket: 'open',
        erased: '401',
      });
      expect((await open.api.status()).head.count).toBe(1);
      // The same page, a port further: another origin.
      expect(await used(browser, named, node.url, block)).toEqual(NOTHING);
    } finally {
      await open.close();
      rmSync(data, { recursive: true, force: true });
    }
  });
});

const REFUSED = 'refused: TypeError';
const NOTHING = {
  published: REFUSED,
  read: REFUSED,
  searched: REFUSED,
  header: REFUSED,
  watched: 'closed',
  socket: 'closed',
  erased: REFUSED,
};

/** What a page of this origin gets of a node, in its own words. */
async function used(browser: Browser, origin: string, url: string, block: string): Promise<Record<string, string>> {
  const page = await browser.newPage();
  await page.goto(origin);
  const outcome = await page.evaluate(
    async ([node, text]) => {
      const tried = async (work: () => Promise<string>): Promise<string> =>
        work().catch((error: Error) => `refused: ${error.name}`);
      const post = (path: string, body: string): Promise<Response> =>
        fetch(node! + path, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
      const opened = (source: EventSource | WebSocket): Promise<string> =>
        new Promise((resolve) => {
          source.onopen = () => resolve('open');
          source.onerror = () => resolve('closed');
        });
      return {
        published: await tried(async () => String((await post('/blocks', text!)).status)),
        read: await tried(async () => {
          const answer = await fetch(`${node}/v2/status`);
          return `${answer.status} ${(await answer.json()).head.count}`;
        }),
        searched: await tried(async () => {
          const answer = await post('/v2/search', JSON.stringify({ text: 'planted', k: 3 }));
          return `${answer.status} ${JSON.stringify(await answer.json()).includes('planted') ? 'planted' : 'nothing'}`;
        }),
        header: await tried(async () =>
          (await fetch(`${node}/v2/status`)).headers.has('x-request-id') ? 'shown' : 'hidden',
        ),
        watched: await opened(new EventSource(`${node}/v2/watch`)),
        socket: await opened(new WebSocket(`${node!.replace('http', 'ws')}/v2/watch`)),
        erased: await tried(async () => String((await post('/v2/erase', '{}')).status)),
      };
    },
    [url, block] as const,
  );
  await page.close();
  return outcome;
}
