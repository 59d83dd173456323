/**
 * The built site in Chromium, as a reader has it: axe, light and dark, wide and narrow, keyboard alone, and nothing from another
 * host. node tools/docs/look.mjs [FOLDER OF PICTURES]; skipped where there is no Chromium.
 */
import { existsSync, mkdirSync, readFileSync, statSync } from 'node:fs';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';

const executablePath = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find(existsSync);
if (executablePath === undefined) {
  console.log('skipped: Chromium is not installed');
  process.exit(0);
}
const site = fileURLToPath(new URL('dist/', import.meta.url));
const pictures = process.argv[2];
const pages = [
  '',
  'start',
  'concepts',
  'agents',
  'operators/first-hour',
  'tutorials/library',
  'reference/commands',
  'settings',
  'faq',
];
const types = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.svg': 'image/svg+xml',
  '.json': 'application/json',
  '.woff2': 'font/woff2',
};

const server = createServer((request, response) => {
  const path = decodeURIComponent(new URL(request.url, 'http://x').pathname);
  const file = [path, `${path}.html`, join(path, 'index.html')]
    .map((one) => join(site, one))
    .find((one) => existsSync(one) && statSync(one).isFile());
  if (file === undefined) return response.writeHead(404).end();
  response
    .writeHead(200, { 'content-type': types[extname(file)] ?? 'application/octet-stream' })
    .end(readFileSync(file));
});
await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
const at = `http://127.0.0.1:${server.address().port}`;
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const browser = await chromium.launch({
  executablePath,
  args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking'],
});
const faults = [];
if (pictures !== undefined) mkdirSync(pictures, { recursive: true });

for (const [width, colorScheme] of [
  [1280, 'light'],
  [390, 'dark'],
  [320, 'light'],
  [1280, 'dark'],
]) {
  const context = await browser.newContext({ viewport: { width, height: 900 }, colorScheme, reducedMotion: 'reduce' });
  const page = await context.newPage();
  page.on(
    'request',
    (request) =>
      new URL(request.url()).origin === at || request.url().startsWith('data:') || faults.push(`asks ${request.url()}`),
  );
  page.on('pageerror', (error) => faults.push(`${page.url()}: ${error}`));
  for (const name of pages) {
    const where = `${name || 'home'} ${width} ${colorScheme}`;
    const answer = await page.goto(`${at}/${name}`);
    if (answer.status() !== 200) {
      faults.push(`${where}: ${answer.status()}`);
      continue;
    }
    await page.waitForLoadState('networkidle');
    await page.evaluate(axe);
    const { violations } = await page.evaluate('axe.run({ resultTypes: ["violations"] })');
    for (const { id, impact, nodes } of violations)
      if (impact === 'serious' || impact === 'critical')
        faults.push(`${where}: ${id}: ${nodes[0].html.slice(0, 160)} (${nodes.length})`);
    const wider = await page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth');
    if (wider > 0) faults.push(`${where}: ${wider} px wider than the window`);
    if (pictures !== undefined)
      await page.screenshot({
        path: join(pictures, `${name.replaceAll('/', '-') || 'home'}-${width}-${colorScheme}.png`),
      });
  }
  await context.close();
}

// Keyboard alone: skip to the content, search, open what was found.
const page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
await page.goto(`${at}/`);
await page.waitForLoadState('networkidle');
await page.keyboard.press('Tab');
const skip = await page.evaluate('document.activeElement.textContent');
if (!/skip/i.test(skip)) faults.push(`the first stop of Tab is ${JSON.stringify(skip)}, not what skips to the content`);
await page.keyboard.press('Control+k');
await page.locator('#localsearch-input').waitFor();
await page.keyboard.type('retention');
await page.locator('.VPLocalSearchBox .result').first().waitFor();
await page.keyboard.press('Enter');
await page.waitForURL((url) => url.pathname !== '/');
await page.waitForSelector('.vp-doc h1, .vp-doc h2');
await browser.close();
server.close();
console.log(
  `${pages.length} pages, two schemes, three widths, keyboard: ${faults.length === 0 ? 'all well' : `${faults.length} faults`}`,
);
for (const fault of faults) console.log(fault);
process.exit(faults.length === 0 ? 0 : 1);
