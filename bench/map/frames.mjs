/**
 * Script a frame on the page `#/map` with made points, while it is dragged and zoomed: durations of animation frames from
 * Chromium's own trace. node bench/map/frames.mjs [POINTS]
 */
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { random } from '../record.mjs';

const { chromium } = createRequire(new URL('../../package.json', import.meta.url))('playwright-core');
const n = Number(process.argv[2] ?? 100_000);
const dist = fileURLToPath(new URL('../../web-ui/dist/', import.meta.url));
const types = { '.html': 'text/html', '.js': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml' };
const space = { id: 'bafymade', space: { model: 'made', dims: 384, metric: 'cosine' }, rows: n };
const json = {
  '/v2/status': {
    node: 'did:key:z',
    network: 'dev',
    version: '0',
    head: { epoch: 'e', seq: n, count: n },
    counts: { blocks: n, rows: n, authors: 5, kinds: {}, spaces: [space] },
    followers: [],
    peers: 0,
    engines: {},
    embedders: [],
    startedAtMs: 0,
    notes: [],
  },
  '/v2/spaces': { spaces: [space] },
  '/v2/map/rows': { rows: [] },
};
const map = made();
const server = createServer((request, response) => {
  const path = new URL(request.url, 'http://x').pathname;
  if (path === '/v2/map') return response.writeHead(200, { etag: '"made.map"' }).end(map);
  if (json[path] !== undefined)
    return response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(json[path]));
  try {
    const file = path === '/' ? 'index.html' : path.slice(1);
    const bytes = readFileSync(join(dist, file));
    response.writeHead(200, { 'content-type': types[extname(file)] ?? 'application/octet-stream' }).end(bytes);
  } catch {
    response.writeHead(404).end();
  }
});
await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
const url = `http://127.0.0.1:${server.address().port}`;
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--use-angle=swiftshader', '--enable-unsafe-swiftshader', '--disable-background-networking'],
});
const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
const session = await page.context().newCDPSession(page);
const events = [];
session.on('Tracing.dataCollected', ({ value }) => events.push(...value));
await page.goto(`${url}/#/map`);
await page.waitForFunction(() => /regions/.test(document.getElementById('say').textContent), undefined, {
  timeout: 120_000,
});
const box = await page.locator('.stage').boundingBox();
const middle = [box.x + box.width / 2, box.y + box.height / 2];
const traced = async (act) => {
  events.length = 0;
  await session.send('Tracing.start', { categories: 'devtools.timeline,v8', transferMode: 'ReportEvents' });
  await act();
  const done = new Promise((resolve) => session.once('Tracing.tracingComplete', resolve));
  await session.send('Tracing.end');
  await done;
  const ms = events
    .filter(({ name, ph }) => name === 'FireAnimationFrame' && ph === 'X')
    .map(({ dur }) => dur / 1000)
    .sort((a, b) => a - b);
  const at = (part) => Number((ms[Math.min(ms.length - 1, Math.floor(part * ms.length))] ?? NaN).toFixed(2));
  return { frames: ms.length, medianMs: at(0.5), p95Ms: at(0.95), mostMs: at(1) };
};
const result = {
  points: n,
  webgl: await page.evaluate(() => document.createElement('canvas').getContext('webgl2') !== null),
};
result.drag = await traced(async () => {
  await page.mouse.move(...middle);
  await page.mouse.down();
  for (let i = 0; i < 120; i++)
    await page.mouse.move(middle[0] + 150 * Math.sin(i / 9), middle[1] + 90 * Math.cos(i / 7));
  await page.mouse.up();
});
result.zoom = await traced(async () => {
  for (let i = 0; i < 60; i++) await page.mouse.wheel(0, i < 30 ? -60 : 60);
});
console.log(JSON.stringify(result));
await browser.close();
server.close();

function made() {
  const next = random(3);
  const centres = Array.from({ length: 40 }, () => [0.1 + 0.8 * next(), 0.1 + 0.8 * next(), 0.01 + 0.06 * next()]);
  const [xs, ys, labels] = [new Uint16Array(n), new Uint16Array(n), new Uint32Array(n)];
  const codes = Array.from({ length: 5 }, () => new Uint8Array(n));
  for (let i = 0; i < n; i++) {
    const hill = Math.floor(next() ** 2 * 40);
    const [x, y, width] = centres[hill];
    const far = width * Math.sqrt(-2 * Math.log(1 - next()));
    const angle = 2 * Math.PI * next();
    xs[i] = Math.min(65535, Math.max(0, 65535 * (x + far * Math.cos(angle))));
    ys[i] = Math.min(65535, Math.max(0, 65535 * (y + far * Math.sin(angle))));
    labels[i] = i;
    codes[0][i] = 1 + (hill % 7);
    codes[1][i] = 1 + (i % 5);
    codes[2][i] = 1;
    codes[3][i] = (255 * i) / n;
    codes[4][i] = hill + 1;
  }
  const legend = (count) =>
    Array.from({ length: count }, (_, i) => ({ name: `class ${i}`, points: Math.floor(n / count) }));
  const regions = centres.map(([x, y], i) => ({
    x: Math.round(x * 65535),
    y: Math.round(y * 65535),
    points: Math.floor(n / 40),
    words: [`word${i}`, `other${i}`, `third${i}`],
    tags: [],
  }));
  const head = { version: 1, space: 'bafymade', state: 'ready', done: 1, rows: n, share: 1, least: 200, points: n };
  const text = JSON.stringify({
    ...head,
    tags: legend(7),
    authors: legend(5),
    models: legend(1),
    times: [0, 1e12],
    regions,
  });
  const padded = Buffer.alloc(Math.ceil(text.length / 4) * 4, ' ');
  padded.write(text);
  const length = Buffer.alloc(4);
  length.writeUInt32LE(padded.length);
  return Buffer.concat([
    Buffer.from('CEMAP001'),
    length,
    padded,
    ...[xs, ys, labels, ...codes].map((one) => Buffer.from(one.buffer)),
  ]);
}
