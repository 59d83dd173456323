/**
 * Pictures of every page in four states (empty, normal, thousands, error), at two sizes, light and dark: 176 of them, to be looked
 * at. node tools/page/pictures.mjs OUT [ONLY…], for example OUT search phone-dark. Needs a build and Chromium. The texts are the
 * documentation's; thousands are read from the README files of what is installed, or are in the data folder of a stopped node that
 * PICTURES_THOUSANDS names.
 */
import { execFile } from 'node:child_process';
import { copyFile, cp, mkdir, readFile, readdir, rm, mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { chromium } from 'playwright-core';
import { createClient } from '@cosmicembeddings/sdk/api';
import { createLog, createNode, loadConfig } from '../../node/dist/index.js';

const [out, ...only] = process.argv.slice(2);
if (out === undefined) throw new Error('usage: node tools/page/pictures.mjs OUT [ONLY…]');
const root = fileURLToPath(new URL('../..', import.meta.url));
const folder = await mkdtemp(join(tmpdir(), 'cosmic-pictures-'));
const closers = [];
const run = promisify(execFile);
const wanted = (name) => only.every((one) => name.includes(one));

const sizes = { desk: { width: 1280, height: 800 }, phone: { width: 390, height: 844 } };
const schemes = ['light', 'dark'];
const states = ['empty', 'normal', 'thousands', 'error'];
const QUESTION = 'how does a node stop without losing blocks';

async function start(name, more = {}) {
  const node = await createNode(
    await loadConfig({
      data: join(folder, name),
      port: 0,
      log: 'silent',
      verifyWorkers: 1,
      embedders: [{ type: 'builtin', name: 'english-1' }],
      ...more,
    }),
    createLog('silent'),
  );
  closers.push(() => node.close());
  return node;
}

async function* filesUnder(path, isWanted, depth = 6) {
  for (const entry of await readdir(path, { withFileTypes: true })) {
    const at = join(path, entry.name);
    if (entry.isDirectory() && depth > 0) yield* filesUnder(at, isWanted, depth - 1);
    else if (entry.isFile() && isWanted(entry.name)) yield at;
  }
}

/** As an author does it: with the command. */
async function publish(node, author, paths, tags) {
  const home = join(folder, `home-${author}`);
  const cosmic = (...args) =>
    run(process.execPath, [join(root, 'cli/bin/cosmic.js'), ...args, '--node', node.url, '--home', home], {
      cwd: root,
      maxBuffer: 1 << 26,
    });
  await cosmic('init');
  await cosmic('publish', ...paths, ...tags.flatMap((tag) => ['--tag', tag]), '--language', 'en', '--json');
}

console.error('starting nodes and publishing …');
const empty = await start('empty');
const behind = await start('behind');
const normal = await start('normal', { peers: [behind.url] });
await publish(
  normal,
  'ann',
  ['concepts', 'agents', 'faq', 'http', 'privacy', 'operating'].map((name) => `docs/${name}.md`),
  ['documentation'],
);
await publish(
  normal,
  'bob',
  ['block', 'peer', 'space'].map((name) => `specs/${name}.md`),
  ['specification', 'formats'],
);
let thousands = normal;
if (only.length === 0 || !states.some((state) => state !== 'thousands' && only.includes(state))) {
  // A stopped node's data folder takes the place of the README files.
  const given = process.env.PICTURES_THOUSANDS;
  if (given !== undefined) await cp(given, join(folder, 'thousands'), { recursive: true });
  // Not the normal one, which would soon have as much.
  const beside = await start('beside');
  thousands = await start('thousands', { peers: [beside.url, 'ws://192.0.2.1:1/v2/peer'] });
  if (given === undefined) await publishReadmes(thousands);
}

async function publishReadmes(node) {
  const groups = { scoped: /^@/, 'a to e': /^[a-e]/, 'f to m': /^[f-m]/, 'n to s': /^[n-s]/, 't to z': /^[t-z]/ };
  for (const [tag, isOf] of Object.entries(groups)) {
    const into = join(folder, 'readmes', tag);
    await mkdir(into, { recursive: true });
    for await (const file of filesUnder(join(root, 'node_modules'), (name) => /^readme\.md$/i.test(name))) {
      const name = /.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(file)[1];
      if (isOf.test(name)) await copyFile(file, join(into, `${name.replace('/', ' ')}.md`));
    }
    await publish(node, tag.slice(0, 1), [into], ['readme', tag]);
  }
}

for (const node of [normal, thousands])
  await createClient({ url: node.url })
    .map((await spaceOf(node)) ?? '')
    .catch(() => undefined);

async function spaceOf(node) {
  return (await createClient({ url: node.url }).status()).counts.spaces[0]?.id;
}
async function longest(node) {
  const client = createClient({ url: node.url });
  const { hits } = await client.search({ text: QUESTION, k: 1 });
  return hits[0];
}
const [of, many] = [await longest(normal), await longest(thousands)];
const stranger = 'did:key:z6MkmtWtY63GQVBrpMyRJWEzsnxfsGkemu6CtMDwGTv4RYj2';
const nowhere = 'bafyreigh2akiscaildcqabsyg3dfr6chu3fgpregiymsck7e7aqa4s52zy';
/** Where each page is in each state: node and address. */
const pages = {
  home: () => '',
  search: () => `search?q=${encodeURIComponent(QUESTION)}`,
  block: (state) =>
    `block/${state === 'normal' ? of.id : state === 'thousands' ? `${many.id}?row=${many.row}` : nowhere}`,
  author: (state) => `author/${state === 'normal' ? of.author : state === 'thousands' ? many.author : stranger}`,
  map: (state) => (state === 'thousands' ? `map?q=${encodeURIComponent('parse command line arguments')}` : 'map'),
  live: () => 'live',
  network: () => 'network',
  spaces: () => 'spaces',
  views: () => 'views',
  publish: () => 'publish',
  operator: () => 'operator',
};
const nodes = { empty, normal, thousands, error: normal };

await rm(out, { recursive: true, force: true });
await mkdir(out, { recursive: true });
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: [
    '--no-sandbox',
    '--disable-gpu',
    '--use-angle=swiftshader',
    '--enable-unsafe-swiftshader',
    '--disable-background-networking',
  ],
});
closers.push(() => browser.close());
const faults = [];
const pictures = [];
for (const [size, viewport] of Object.entries(sizes))
  for (const colorScheme of schemes)
    for (const state of states) {
      const names = Object.keys(pages).filter((page) => wanted(`${page}-${size}-${colorScheme}-${state}`));
      if (names.length === 0) continue;
      const node = nodes[state];
      const context = await browser.newContext({
        viewport,
        colorScheme,
        locale: 'en-GB',
        reducedMotion: 'reduce',
        serviceWorkers: 'block',
      });
      const page = await context.newPage();
      page.on('pageerror', (error) => faults.push(`${state} ${page.url()}: ${error}`));
      await page.goto(`${node.url}/icon.svg`);
      await page.evaluate(() => globalThis.sessionStorage.clear());
      for (const name of names) {
        const picture = `${name}-${size}-${colorScheme}-${state}`;
        if (name === 'operator' && state !== 'empty') {
          const token = state === 'error' ? 'wrong' : (await readFile(join(folder, state, 'token'), 'utf8')).trim();
          await page.evaluate((it) => globalThis.sessionStorage.setItem('operator-token', it), token);
        }
        // The node goes away; the page is there.
        if (state === 'error' && name !== 'operator' && name !== 'block')
          await context.route('**/v2/**', (route) => route.abort());
        else await context.unroute('**/v2/**');
        await page.goto('about:blank');
        await page.goto(`${node.url}/#/${pages[name](state)}`);
        await settle(page, name);
        if (name === 'publish' && state === 'normal') await fillIn(page);
        const wide = await page.evaluate(() => document.documentElement.scrollWidth - globalThis.innerWidth);
        if (wide > 0) faults.push(`${picture}: ${wide} px wider than the window`);
        await page.screenshot({ path: join(out, `${picture}.png`) });
        pictures.push(picture);
      }
      await context.close();
    }

async function settle(page, name) {
  await page
    .waitForSelector('#content > *', { timeout: 30_000 })
    .catch(() => faults.push(`${page.url()}: nothing is shown`));
  await page.waitForLoadState('networkidle', { timeout: name === 'live' ? 1_000 : 5_000 }).catch(() => undefined);
  if (name === 'map')
    await page
      .waitForFunction(() => !/%/.test(document.getElementById('say').textContent), undefined, { timeout: 90_000 })
      .catch(() => undefined);
  await page.waitForTimeout(name === 'map' || name === 'home' ? 900 : 350);
}

async function fillIn(page) {
  await page.fill('textarea', 'The kiln fires at **1240 °C**, and holds it for an hour.').catch(() => undefined);
}

// Four states side by side, one sheet for each page, size and scheme.
const sheet = await browser.newPage({ viewport: { width: 1640, height: 1060 } });
for (const key of new Set(pictures.map((picture) => picture.replace(/-[^-]+$/, '')))) {
  const shown = pictures.filter((picture) => picture.startsWith(`${key}-`));
  const width = key.includes('-desk-') ? 800 : 400;
  const images = await Promise.all(
    shown.map(
      async (picture) =>
        `<img width=${width} src="data:image/png;base64,${(await readFile(join(out, `${picture}.png`))).toString('base64')}">`,
    ),
  );
  await sheet.setContent(
    `<body style="margin:4px;background:#888;display:flex;flex-wrap:wrap;gap:8px">${images.join('')}</body>`,
  );
  await sheet.waitForTimeout(150);
  await sheet.screenshot({ path: join(out, `sheet-${key}.png`), fullPage: true });
}
await writeFile(join(out, 'faults.txt'), faults.map((fault) => `${fault}\n`).join(''));
console.log(`${pictures.length} pictures in ${out}, ${faults.length} faults`);
for (const fault of faults) console.log(fault);
for (const close of closers.reverse()) await close();
await rm(folder, { recursive: true, force: true });
process.exit(0);
