import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { chromium, type Browser, type Page } from 'playwright-core';
import { openMemory, type Memory } from '@cosmicembeddings/sdk/agent';
import { createClient } from '@cosmicembeddings/sdk/api';
import { createLog, createNode, loadConfig, type RunningNode } from '../../node/src/index.js';

const executablePath = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find(existsSync);
if (executablePath === undefined)
  process.stderr.write('skipped: the pages are not opened, Chromium is not installed (apt-get install chromium)\n');

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

interface Violation {
  readonly id: string;
  readonly impact: string;
  readonly nodes: readonly { readonly html: string }[];
}

(executablePath === undefined ? describe.skip : describe)('pages of a node', () => {
  const folder = mkdtempSync(join(tmpdir(), 'cosmic-pages-'));
  let node: RunningNode;
  let peer: RunningNode;
  let memory: Memory;
  let browser: Browser;
  let page: Page;
  const faults: string[] = [];

  const start = async (name: string, peers: readonly string[]): Promise<RunningNode> =>
    createNode(
      await loadConfig({
        data: join(folder, name),
        port: 0,
        log: 'silent',
        verifyWorkers: 1,
        peers,
        embedders: [{ type: 'builtin', name: 'lexical' }],
      }),
      createLog('silent'),
    );

  beforeAll(async () => {
    peer = await start('peer', []);
    node = await start('node', [peer.url]);
    memory = await openMemory({ node: node.url, key: 'ephemeral', embedder: 'lexical' });
    await memory.remember({
      passages: ['The kiln fires at 1240 °C.', '<script>document.title = "owned"</script> Glaze it thinly.'],
      origin: 'kilns.md',
      tags: ['pottery'],
    });
    browser = await chromium.launch({
      executablePath: executablePath!,
      args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking'],
    });
    const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, locale: 'en-GB' });
    page = await context.newPage();
    page.setDefaultTimeout(20_000);
    page.on('pageerror', (error) => faults.push(String(error)));
    page.on('console', (message) => {
      // Asked for by the browser itself where an image alone is opened.
      const isOwn = message.location().url.endsWith('/favicon.ico');
      if (message.type() === 'error' && !isOwn) faults.push(`${message.text()} ${message.location().url}`);
    });
    page.on(
      'request',
      (request) => void (new URL(request.url()).host !== new URL(node.url).host && faults.push(request.url())),
    );
  }, 240_000);
  afterAll(async () => {
    await browser?.close();
    await memory?.[Symbol.asyncDispose]();
    await node?.close();
    await peer?.close();
    rmSync(folder, { recursive: true, force: true });
  }, 30_000);

  beforeEach(async () => {
    faults.length = 0;
    await page.emulateMedia({ colorScheme: 'light', reducedMotion: 'reduce' });
    await page.setViewportSize({ width: 1280, height: 900 });
    await page.goto(`${node.url}/icon.svg`);
    await page.evaluate(() => localStorage.setItem('language', 'en'));
  });

  const open = async (address: string): Promise<void> => {
    await page.goto(`${node.url}/#/${address}`);
    await page.waitForSelector('#content h1');
    await page.waitForFunction(() => document.getElementById('content')!.childElementCount > 0);
  };
  /** What axe calls serious or critical. */
  const seriousOn = async (): Promise<string[]> => {
    await page.evaluate(axe);
    const found = (await page.evaluate(
      'axe.run({ resultTypes: ["violations"] }).then((r) => r.violations)',
    )) as Violation[];
    return found
      .filter(({ impact }) => impact === 'serious' || impact === 'critical')
      .map(({ id, nodes }) => `${id}: ${nodes[0]!.html.slice(0, 200)}`);
  };
  const blockId = async (): Promise<string> => {
    const { ids } = await createClient({ url: node.url }).find({ tagsAll: ['pottery'] }, { limit: 1 });
    return ids[0]!;
  };

  test('axe finds nothing serious on any page, light or dark, wide or narrow, in any language', async () => {
    const id = await blockId();
    const pages = [
      '',
      'search?q=kiln',
      'search?tag=pottery',
      `block/${id}?row=1`,
      `author/${memory.author}`,
      'live',
      'network',
      'map',
    ];
    for (const [i, address] of [
      ...pages,
      'spaces',
      'publish',
      'operator',
      'views',
      'view/identities/rotations',
    ].entries()) {
      const dark = i % 2 === 1;
      await page.emulateMedia({ colorScheme: dark ? 'dark' : 'light', reducedMotion: 'reduce' });
      await page.setViewportSize(dark ? { width: 390, height: 844 } : { width: 1280, height: 900 });
      await page.goto(`${node.url}/icon.svg`);
      await page.evaluate((language) => localStorage.setItem('language', language), ['en', 'es', 'ar'][i % 3]!);
      await open(address);
      expect([address, await seriousOn()]).toEqual([address, []]);
      const wider = await page.evaluate(
        () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
      );
      expect([address, wider]).toEqual([address, 0]);
    }
    expect(faults).toEqual([]);
  }, 300_000);

  test('what narrows stands beside what was found, with counts, and each is a link', async () => {
    await memory.remember({
      text: 'A heron stands in the reeds.',
      origin: 'heron.md',
      tags: ['birds'],
      language: 'en',
    });
    await open('search?q=kiln');
    const facets = page.locator('.facets');
    await facets.getByRole('link', { name: 'birds' }).waitFor();
    expect(await facets.locator('li', { hasText: 'birds' }).locator('.n').textContent()).toBe('1');
    await facets.getByRole('link', { name: 'English' }).click();
    await page.locator('.chip', { hasText: 'in English' }).waitFor();
    await page.locator('.hit').first().waitFor();
    expect(await page.locator('.hit').allTextContents()).toEqual([expect.stringContaining('heron')]);
    // A phone shows what was found first; the same is behind one press.
    await page.setViewportSize({ width: 390, height: 844 });
    await open('search?q=kiln');
    await facets.locator('summary').waitFor();
    expect(await facets.getByRole('link', { name: 'birds' }).isVisible()).toBe(false);
    await facets.locator('summary').click();
    await facets.getByRole('link', { name: 'birds' }).click();
    await page.locator('.chip', { hasText: '# birds' }).waitFor();
    expect(faults).toEqual([]);
  }, 60_000);

  test('a passage’s tables, lists and code are shown as such, its markup as text', async () => {
    await memory.remember({
      text: [
        'Cones by temperature:',
        '| Cone | °C |',
        '| ---: | --- |',
        '| 6 | **1222** |',
        '| 10 | <img src=x onerror=alert(1)> 1285 \\| 1305 |',
        'Then wait.',
        '1. open the *damper*',
        '2. close the',
        '   door',
        '```',
        '- not a **list**',
        '```',
      ].join('\n'),
      origin: 'cones.md',
      tags: ['tables'],
    });
    await open('search?tag=tables');
    await page.locator('.card h2 a').click();
    const passage = page.locator('.block blockquote');
    await passage.locator('table').waitFor();
    expect(await passage.locator('th').allTextContents()).toEqual(['Cone', '°C']);
    expect(await passage.locator('tbody tr').allTextContents()).toEqual([
      '61222',
      '10<img src=x onerror=alert(1)> 1285 \\| 1305',
    ]);
    expect(await passage.locator('tbody strong').textContent()).toBe('1222');
    expect(await passage.locator('ol > li').allTextContents()).toEqual(['open the damper', 'close the\n   door']);
    expect(await passage.locator('pre').textContent()).toBe('- not a **list**');
    expect(await passage.locator('img').count()).toBe(0);
    expect(faults).toEqual([]);
  }, 60_000);

  test('speaks three languages, one from right to left', async () => {
    await open('');
    await page.selectOption('#language', 'ar');
    await page.waitForSelector('html[lang=ar][dir=rtl]');
    expect(await page.locator('#pages a').first().textContent()).toBe('بحث');
    await page.selectOption('#language', 'es');
    await page.waitForSelector('html[lang=es][dir=ltr]');
    expect(await page.locator('h1').textContent()).toBe('Este registro contiene');
    await page.selectOption('#language', 'en');
    await page.getByText('This ledger holds').waitFor();
  }, 60_000);

  test('what arrives is shown as it comes, and waits while it is paused', async () => {
    await open('live');
    await page.getByText('Listening since').waitFor();
    await memory.remember({ text: 'A potter throws clay.', origin: 'clay.md', tags: ['pottery'] });
    await page.locator('[role=feed] article', { hasText: 'A potter throws clay.' }).waitFor();
    await page.getByRole('button', { name: 'Pause' }).click();
    await memory.remember({ text: 'A second bowl.', origin: 'bowl.md', tags: ['pottery'] });
    await page.getByRole('button', { name: '1 new. Show' }).waitFor();
    expect(await page.locator('[role=feed] article').count()).toBe(1);
    await page.getByRole('button', { name: 'Go on' }).click();
    await page.locator('[role=feed] article', { hasText: 'A second bowl.' }).waitFor();
    expect(faults).toEqual([]);
  }, 60_000);

  test('peers, spaces and what a key signed', async () => {
    await open('network');
    await page.locator('td', { hasText: 'proven' }).waitFor();
    expect(await page.locator('.graph circle').count()).toBe(2);
    await open('spaces');
    expect(await page.locator('tbody tr').count()).toBeGreaterThan(0);
    expect(await page.locator('.parts').textContent()).toContain('no translator leads into it');
    await open(`author/${memory.author}`);
    // Three documents, and what says the space of their collection.
    expect(await page.locator('dd').first().textContent()).toBe('6');
    await page.locator('.card').first().waitFor();
    expect(faults).toEqual([]);
  }, 60_000);

  test('the operator’s page opens to the token alone, which stays in the tab', async () => {
    await open('operator');
    await page.fill('[name=token]', 'wrong');
    await page.getByRole('button', { name: 'Open' }).click();
    await page.getByText('That is not this node’s token.').waitFor();
    // Browsers write a refusal down, too.
    for (const fault of faults.splice(0)) expect(fault).toMatch(/40[13]/);
    await page.fill('[name=token]', readFileSync(join(folder, 'node', 'token'), 'utf8').trim());
    await page.getByRole('button', { name: 'Open' }).click();
    await page.getByText('Policies and quotas').waitFor();
    expect(await page.locator('.parts').textContent()).toMatch(/stored6/);
    expect(await seriousOn()).toEqual([]);
    expect(await page.evaluate(() => JSON.stringify({ ...localStorage }))).not.toContain('token');
    expect(faults).toEqual([]);
  }, 60_000);

  test('publishes a text with a key of this browser, and takes it back', async () => {
    await open('publish');
    await page.fill('[name=text]', '# Bowls\n\nA bowl cracks when it dries too fast.');
    await page.fill('[name=source]', 'bowls');
    await page.fill('[name=tags]', 'pottery, drying');
    await page.selectOption('[name=embedder]', 'lexical');
    await page.getByRole('button', { name: 'Preview' }).click();
    await page.getByText('1 passage in 1 document').waitFor();
    const publish = page.getByRole('button', { name: 'Sign and publish' });
    expect(await publish.isDisabled()).toBe(true);
    await page.check('[name=agree]');
    await publish.click();
    await page.getByText('stored and searchable').waitFor();
    const id = (await page.locator('.results li').getAttribute('data-id'))!;
    const client = createClient({ url: node.url });
    expect((await client.get(id))?.id).toBe(id);
    expect((await client.search({ text: 'why does a bowl crack', k: 3 })).hits.map((hit) => hit.id)).toContain(id);
    await page.getByRole('button', { name: 'Retract' }).click();
    await page.getByText('Retracted. Its history stays.').waitFor();
    await open(`block/${id}`);
    await page.locator('.verdicts', { hasText: 'retracted' }).waitFor();
    // The retraction names it: drawn, and listed.
    await page.locator('.linked li', { hasText: 'retracts' }).waitFor();
    expect(await page.locator('.linked svg .self').count()).toBe(1);
    await page.locator('summary', { hasText: 'Cite' }).click();
    expect(await page.locator('pre', { hasText: '@misc' }).textContent()).toContain(id);
    const [saved] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('link', { name: 'CBOR' }).click(),
    ]);
    expect(saved.suggestedFilename()).toBe(`${id}.cbor`);
    expect(await seriousOn()).toEqual([]);
    expect(faults).toEqual([]);
  }, 60_000);

  test('a map of a space: regions, a question, what is picked by hand and by keys, and a link to it', async () => {
    await open('map');
    await page.getByText('A map needs 200 passages').waitFor();
    expect(await page.locator('.stage').isVisible()).toBe(false);
    expect(await page.locator('#ask').isVisible()).toBe(true);
    const subjects = ['kiln', 'heron', 'violin', 'glacier'];
    for (const subject of subjects)
      await memory.remember({
        passages: Array.from(
          { length: 55 },
          (_, i) => `The ${subject} of the ${subject} maker, number ${i}, needs care.`,
        ),
        origin: `${subject}.md`,
        tags: [subject],
      });
    await open('map?colour=author');
    await page.waitForFunction(
      () => /\d+ passages, \d+ regions?\./.test(document.getElementById('say')!.textContent!),
      undefined,
      {
        timeout: 120_000,
      },
    );
    expect(await page.locator('.legend button').count()).toBe(1);
    await page.selectOption('.bar-of-map select >> nth=0', 'tag');
    expect(await page.locator('.legend button').count()).toBeGreaterThanOrEqual(4);
    await page.locator('.legend button', { hasText: 'heron' }).click();
    expect(await page.locator('.legend [aria-pressed=true]').textContent()).toContain('heron');
    await page.locator('.legend [aria-pressed=true]').click();
    expect(await seriousOn()).toEqual([]);

    await page.locator('.regions td button').first().click();
    await page.locator('.picked li').first().waitFor();
    expect(await page.locator('.results-of-map .passage').first().textContent()).not.toBe('');
    await page.getByRole('button', { name: 'Clear' }).click();

    await page.fill('[name=within]', 'the violin maker');
    await page.locator('.within button').click();
    await page.locator('.numbers span').first().waitFor({ state: 'attached' });
    await page.locator('ol.picked li').first().waitFor();
    expect(page.url()).toContain('q=the+violin+maker');

    await page.locator('.stage').focus();
    for (const key of ['Escape', '0', '+', 'ArrowLeft', 'ArrowRight', 'Enter']) await page.keyboard.press(key);
    await page.waitForFunction(() => location.hash.includes('pick='));
    await page.locator('.picked li').first().waitFor();
    const link = page.url();
    const picked = await page.locator('.picked h3').textContent();
    await page.goto(`${node.url}/icon.svg`);
    await page.goto(link);
    await page.locator('.picked li').first().waitFor();
    expect(await page.locator('.picked h3').textContent()).toBe(picked);

    // A lasso around everything.
    await page.getByRole('button', { name: 'Clear' }).click();
    await page.getByRole('button', { name: 'All of it' }).click();
    await page.getByRole('button', { name: 'Lasso' }).click();
    const box = (await page.locator('.stage').boundingBox())!;
    const [left, right, top, bottom] = [box.x + 3, box.x + box.width - 3, box.y + 3, box.y + box.height - 3];
    await page.mouse.move(left, top);
    await page.mouse.down();
    for (const [x, y] of [
      [right, top],
      [right, bottom],
      [left, bottom],
      [left, top + 9],
    ] as const)
      await page.mouse.move(x, y, { steps: 4 });
    await page.mouse.up();
    await page.locator('.results-of-map h2', { hasText: /Inside the outline: 2\d\d passages/ }).waitFor();
    expect(await seriousOn()).toEqual([]);
    expect(faults).toEqual([]);
  }, 240_000);

  test('two fingers bring the map nearer and move it, and pick nothing; one picks', async () => {
    const phone = await browser.newContext({ viewport: { width: 390, height: 844 }, hasTouch: true, locale: 'en-GB' });
    const held = await phone.newPage();
    await held.goto(`${node.url}/#/map`);
    await held.waitForFunction(() => /\d+ regions?\./.test(document.getElementById('say')!.textContent!));
    const inView = async (): Promise<number> => {
      await held.getByRole('button', { name: 'List what is in view' }).click();
      const text = await held.locator('.results-of-map h2', { hasText: 'In view' }).textContent();
      await held.getByRole('button', { name: 'Clear' }).click();
      return Number(/\d+/.exec(text!)![0]);
    };
    const all = await inView();
    const stage = held.locator('.stage');
    await stage.scrollIntoViewIfNeeded();
    const box = (await stage.boundingBox())!;
    const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
    const hand = await phone.newCDPSession(held);
    const touch = (type: 'touchStart' | 'touchMove' | 'touchEnd', ...at: readonly (readonly [number, number])[]) =>
      hand.send('Input.dispatchTouchEvent', {
        type,
        touchPoints: at.map(([left, top], id) => ({ x: left, y: top, id })),
      });
    const spread = async (from: number, to: number): Promise<void> => {
      await touch('touchStart', [x - from, y], [x + from, y]);
      for (let i = 1; i <= 6; i++) {
        const apart = from + ((to - from) * i) / 6;
        await touch('touchMove', [x - apart, y], [x + apart, y]);
      }
      await touch('touchEnd');
    };
    await spread(20, 160);
    const some = await inView();
    expect(some).toBeLessThan(all);
    await spread(160, 20);
    expect(await inView()).toBe(all);
    expect(held.url()).not.toContain('pick=');
    // A region is named where its passages lie closest: a finger reaches one of them.
    const places = await held.locator('.names span').evaluateAll((names) =>
      names.map((name) => {
        const at = name.getBoundingClientRect();
        return [at.x + at.width / 2, at.y + at.height / 2] as const;
      }),
    );
    for (const place of places) await held.touchscreen.tap(...place);
    await held.waitForFunction(() => location.hash.includes('pick='));
    await phone.close();
  }, 60_000);

  test('without WebGL 2 the map is drawn on a plain canvas, says so, and can be picked from', async () => {
    const plain = await browser.newContext({ viewport: { width: 1280, height: 900 }, locale: 'en-GB' });
    await plain.addInitScript(() => {
      const { getContext } = HTMLCanvasElement.prototype;
      HTMLCanvasElement.prototype.getContext = function (this: HTMLCanvasElement, kind: string, ...rest: unknown[]) {
        return kind === 'webgl2' ? null : Reflect.apply(getContext, this, [kind, ...rest]);
      } as typeof getContext;
    });
    const drawn = await plain.newPage();
    await drawn.goto(`${node.url}/#/map`);
    await drawn.getByText('No WebGL 2 here').waitFor();
    await drawn.waitForFunction(() => /\d+ regions?\./.test(document.getElementById('say')!.textContent!));
    const inked = (): Promise<number> =>
      drawn.evaluate(() => {
        const canvas = document.querySelector<HTMLCanvasElement>('.stage canvas')!;
        const { data } = canvas.getContext('2d')!.getImageData(0, 0, canvas.width, canvas.height);
        return data.filter((value, i) => i % 4 === 3 && value > 0).length;
      });
    await drawn.waitForFunction(() => document.querySelector('.names span') !== null);
    // 220 squares of 6 px and more, some over others.
    expect(await inked()).toBeGreaterThan(1_000);
    await drawn.locator('.stage').focus();
    await drawn.keyboard.press('Enter');
    await drawn.locator('.picked li').first().waitFor();
    await plain.close();
  }, 60_000);

  test('keeps what was opened for when the node is away, and forgets what it erased', async () => {
    const id = await blockId();
    const other = (
      await createClient({ url: node.url }).find({ authors: [memory.author], kinds: ['embedding/1'] }, { limit: 10 })
    ).ids.find((one) => one !== id)!;
    await open('');
    await page.waitForFunction(() => navigator.serviceWorker.controller !== null);
    await page.reload();
    for (const one of [other, id]) {
      await open(`block/${one}`);
      await page.locator('.block blockquote').waitFor();
    }
    const kept = (): Promise<string> =>
      page.evaluate(async () => (await (await caches.open('blocks-1')).keys()).map(({ url }) => url).join(' '));
    await page.waitForFunction(
      async (one) => (await (await caches.open('blocks-1')).keys()).some(({ url }) => url.includes(one)),
      id,
    );
    const token = readFileSync(join(folder, 'node', 'token'), 'utf8').trim();
    await createClient({ url: node.url, token }).erase([other], 'takedown');
    await open(`block/${other}`);
    await page.getByText('This node erased it').waitFor();
    expect(await kept()).not.toContain(other);
    faults.length = 0;
    const url = node.url;
    await node.close();
    await page.goto(`${url}/#/block/${id}`);
    await page.reload();
    await page.locator('.block blockquote').waitFor();
    await page.getByText('From what this browser kept').waitFor();
    await page.goto(`${url}/#/`);
    await page.getByText('What you opened before').waitFor();
    expect(await page.locator('.card').count()).toBeGreaterThan(0);
  }, 60_000);
});
