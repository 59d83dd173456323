/**
 * A block's way and a search as traces: a real node with the libraries of OpenTelemetry sends them to a receiver of OTLP/HTTP here, which
 * holds their form against what a block and a question must pass, and keeps the requests for others to read.
 * Usage: node tools/deploy/traces.mjs FOLDER      (the folder has the libraries in its node_modules; requests are written to FOLDER/otlp-N.json)
 */
import { spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));
const folder = resolve(process.argv[2]);
const spans = [];
let requests = 0;
const receiver = createServer(async (request, response) => {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  const text = Buffer.concat(chunks).toString();
  writeFileSync(join(folder, `otlp-${requests++}.json`), text);
  for (const { resource, scopeSpans } of JSON.parse(text).resourceSpans)
    for (const scope of scopeSpans) spans.push(...scope.spans.map((span) => ({ ...span, resource })));
  response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
});
await new Promise((done) => receiver.listen(0, '127.0.0.1', done));
const to = `http://127.0.0.1:${receiver.address().port}/v1/traces`;

const children = [];
const run = (bin, args) => {
  const child = spawn(process.execPath, [join(root, bin), ...args], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  children.push(child);
  return child;
};
const until = async (what, test) => {
  for (let i = 0; i < 300; i++) {
    const value = await test();
    if (value !== undefined && value !== false) return value;
    await delay(100);
  }
  throw new Error(`gave up waiting for ${what}; spans: ${[...new Set(spans.map(({ name }) => name))].join(', ')}`);
};
const named = (name, traceId) =>
  spans.find((span) => span.name === name && (traceId === undefined || span.traceId === traceId));
const must = (holds, what) => {
  if (!holds) throw new Error(what);
};

try {
  const startNode = async (data, traces) => {
    mkdirSync(join(folder, data), { recursive: true });
    writeFileSync(join(folder, data, 'config.json'), JSON.stringify({ home: [], traces }));
    let out = '';
    const child = run('node/bin/cosmic-node.js', ['start', '--data', data, '--port', '0', '--log', 'warn']);
    child.stdout.on('data', (text) => (out += text));
    return [await until('the node', () => /"listening":"([^"]*)"/.exec(out)?.[1]), child];
  };
  const [url] = await startNode('data', { to });
  writeFileSync(join(folder, 'kiln.md'), 'The kiln is fired at night, when the wind has gone down.\n');
  for (const args of [['init'], ['publish', 'kiln.md', '--node', url]]) {
    const child = run('cli/bin/cosmic.js', ['--home', join(folder, 'home'), ...args]);
    child.stdout.resume();
    const code = await new Promise((done) => child.once('exit', done));
    must(code === 0, `cosmic ${args[0]} ended with ${code}`);
  }
  const caller = 'a'.repeat(32);
  const answer = await fetch(`${url}/v2/search`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', traceparent: `00-${caller}-${'b'.repeat(16)}-01` },
    body: JSON.stringify({ text: 'kiln', k: 3 }),
  });
  must((await answer.json()).hits.length === 1, 'the search finds nothing');
  await fetch(`${url}/v2/blocks/nowhere`);

  // A block: HTTP, door, verified, stored, then each follower, announced.
  const stored = await until('a stored block', () => named('store.put'));
  const way = [
    'POST /v2/blocks',
    'door.accept',
    'verify.check',
    'store.put',
    'follow.vectors',
    'follow.text',
    'follow.views',
    'follow.announcements',
  ];
  const found = await until('the way of a block', () => {
    const all = way.map((name) => named(name, stored.traceId));
    return all.every((span) => span !== undefined) && all;
  });
  const [request, door, ...rest] = found;
  must(request.parentSpanId === undefined && request.kind === 2, 'a request has a parent of nowhere');
  must(door.parentSpanId === request.spanId, 'the door is not within its request');
  for (const span of rest) must(span.parentSpanId === door.spanId, `${span.name} is not within the door`);
  must(
    door.attributes.some(({ key, value }) => key === 'cosmic.status' && value.stringValue === 'stored'),
    'a door without its outcome',
  );
  const ns = (span, end) => BigInt(end ? span.endTimeUnixNano : span.startTimeUnixNano);
  must(ns(found[2], true) <= ns(found[3], false) + 1_000_000n, 'stored before it was verified');

  // What threads did lies within what was asked of them.
  const inThread = async (name, outer) => {
    const inner = await until(name, () => named(name, outer.traceId));
    must(inner.parentSpanId === outer.spanId, `${name} is not within ${outer.name}`);
    // Clocks of two threads of a process.
    must(ns(inner, false) + 5_000_000n >= ns(outer, false), `${name} began before ${outer.name}`);
    must(ns(inner, true) <= ns(outer, true) + 5_000_000n, `${name} ended after ${outer.name}`);
  };
  await inThread('verify.thread', found[2]);
  await inThread('store.thread', found[3]);

  // A search: in the trace of who asked.
  const search = await until('a search', () => named('node.search', caller));
  const asked = await until('its request', () => named('POST /v2/search', caller));
  must(
    asked.parentSpanId === 'b'.repeat(16) && search.parentSpanId === asked.spanId,
    'a search is not within who asked',
  );
  for (const name of ['embedder.embed', 'vectors.search', 'text.match', 'catalogue.blocksOf', 'store.get'])
    must(named(name, caller) !== undefined, `a search without ${name}`);
  must(
    search.attributes.some(({ key, value }) => key === 'cosmic.count' && value.intValue === 1),
    'a search without its count',
  );
  for (const name of ['vectors', 'text']) {
    const outer = spans.filter((span) => span.traceId === caller && span.name.startsWith(`${name}.`));
    const inner = outer.find((span) => span.name === `${name}.thread`);
    must(
      outer.some((span) => span.spanId === inner?.parentSpanId),
      `a search without ${name}.thread`,
    );
  }
  const { attributes } = search.resource;
  must(
    attributes.some(({ key, value }) => key === 'service.name' && value.stringValue === 'cosmic-node'),
    'nobody sent it',
  );
  // A caller does not decide what this node keeps.
  const [silent, child] = await startNode('silent', { to, share: 0 });
  const stranger = 'c'.repeat(32);
  const headers = { traceparent: `00-${stranger}-${'d'.repeat(16)}-01` };
  must((await fetch(`${silent}/v2/status`, { headers })).ok, 'the silent node does not answer');
  const ended = new Promise((done) => child.once('exit', done));
  child.kill();
  await ended;
  must(!spans.some(({ traceId }) => traceId === stranger), 'a caller had its trace kept against the share');
  console.log(
    `traces: a block's way (${way.length} spans) and a search within its caller's trace; ${spans.length} spans in ${requests} requests`,
  );
} finally {
  for (const child of children) if (child.exitCode === null) child.kill();
  receiver.close();
  receiver.closeAllConnections();
}
