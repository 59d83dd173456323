/**
 * Blocks a second on one core, each step beside the ceiling of the library alone; bytes of a block; size of the browser
 * bundle. node bench/block/run.mjs writes results/block.json.
 */
import {
  createPrivateKey,
  createPublicKey,
  randomBytes,
  sign as signNative,
  verify as verifyNative,
} from 'node:crypto';
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { cpus } from 'node:os';
import { gzipSync } from 'node:zlib';
import * as ed from '@noble/ed25519';
import * as dagCbor from '@ipld/dag-cbor';
import { build } from 'esbuild';
import {
  checkBlock,
  corePlugins,
  createBlock,
  createRegistry,
  decode,
  encode,
  fromJson,
  openBlock,
  packRows,
  sha256 as portableSha256,
  sign,
  signedBytes,
  signerOfSeed,
  toJson,
  toUnit,
  utf8,
  verify,
} from '../../sdk/dist/index.js';
import { createSky } from '../../sdk/dist/sky/index.js';
import { sha256, verifierOf } from '../../node/dist/door/crypto/index.js';

const registry = createRegistry(corePlugins);
const sky = createSky();
const seed = randomBytes(32);
const author = { signer: signerOfSeed(seed), network: 'dev', registry, sky, salt: () => randomBytes(16) };
const space = {
  model: 'bench/384',
  revision: null,
  weights: null,
  precision: 'fp32',
  dims: 384,
  metric: 'cosine',
  pooling: 'mean',
  normalized: true,
  query_prefix: '',
  passage_prefix: '',
  max_tokens: 256,
  endpoint: null,
};
const TEXT = 'x'.repeat(200);

function fieldsOf(dtype, rows) {
  const vectors = Array.from({ length: rows }, () =>
    toUnit(Float32Array.from({ length: 384 }, () => Math.random() - 0.5)),
  );
  return {
    space: dtype === 'b1' ? { ...space, metric: 'hamming', normalized: false } : space,
    embedding: packRows(vectors, dtype),
    input_type: 'text',
    input_reference: vectors.map((_, i) => ({
      hash: portableSha256(utf8(TEXT)),
      origin: `https://example.org/page#${i}`,
    })),
    texts: vectors.map(() => TEXT),
  };
}

const make = async (dtype, rows = 1) =>
  (
    await createBlock(
      {
        kind: 'embedding/1',
        fields: fieldsOf(dtype, rows),
        tags: ['bench'],
        timeMs: Date.UTC(2026, 10, 21) + Math.floor(Math.random() * 1e9),
      },
      author,
    )
  ).wire;

const blocks = [];
for (let i = 0; i < 400; i++) blocks.push(await make('f32'));
const opened = blocks.map((wire) => openBlock(wire).block);
const bodies = opened.map(({ body }) => decode(body));
const messages = opened.map(({ headerBytes }) => signedBytes(headerBytes, 'dev'));
const publicKey = author.signer.publicKey;
const nodeKey = createPublicKey({
  key: Buffer.concat([Buffer.from('302a300506032b6570032100', 'hex'), publicKey]),
  format: 'der',
  type: 'spki',
});
const nodePrivate = createPrivateKey({
  key: Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), seed]),
  format: 'der',
  type: 'pkcs8',
});

/** Times `step` over all blocks for about `ms`, after a warm-up; the median of five pieces, a second. */
function perSecond(step, ms = 600) {
  for (let i = 0; i < 50; i++) step(i % blocks.length);
  const rates = [];
  for (let piece = 0; piece < 5; piece++) {
    const start = performance.now();
    let count = 0;
    while (performance.now() - start < ms / 5) for (let k = 0; k < 10; k++) step(count++ % blocks.length);
    rates.push((count / (performance.now() - start)) * 1000);
  }
  return Math.round(rates.sort((a, b) => a - b)[2]);
}

const anySky = { check: () => ({ ok: true }) };
const rates = {
  encode_body: perSecond((i) => encode(bodies[i])),
  'encode_body, @ipld/dag-cbor': perSecond((i) => dagCbor.encode(bodies[i])),
  decode_body: perSecond((i) => decode(opened[i].body)),
  'decode_body, @ipld/dag-cbor without re-encoding': perSecond((i) => dagCbor.decode(opened[i].body)),
  'sign, portable': perSecond((i) => sign(messages[i], seed)),
  'sign, node:crypto alone': perSecond((i) => signNative(null, messages[i], nodePrivate)),
  to_json: perSecond((i) => toJson(blocks[i])),
  from_json: (() => {
    const texts = blocks.map((wire) => toJson(wire));
    return perSecond((i) => fromJson(texts[i]));
  })(),
};
for (const name of ['portable', 'node', 'sodium']) {
  try {
    const verifier = verifierOf(name);
    rates[`verify signature, ${name}`] = perSecond((i) => verifier.verify(opened[i].signature, messages[i], publicKey));
    rates[`check block without sky, ${name}`] = perSecond((i) =>
      checkBlock(blocks[i], { network: 'dev', registry, verify: verifier.verify, sha256, sky: anySky }),
    );
    rates[`check block, ${name}`] = perSecond((i) =>
      checkBlock(blocks[i], { network: 'dev', registry, verify: verifier.verify, sha256, sky }),
    );
  } catch (error) {
    rates[`verify signature, ${name}`] = `not installed: ${error.message}`;
  }
}
rates['verify signature, noble alone'] = perSecond((i) =>
  ed.verify(opened[i].signature, messages[i], publicKey, { zip215: false }),
);
rates['verify signature, node:crypto alone'] = perSecond((i) =>
  verifyNative(null, messages[i], nodeKey, opened[i].signature),
);
try {
  const sodium = createRequire(new URL('../../node/dist/index.js', import.meta.url))('sodium-native');
  rates['verify signature, sodium-native alone'] = perSecond((i) =>
    sodium.crypto_sign_verify_detached(opened[i].signature, messages[i], publicKey),
  );
} catch {
  // said above
}
if (blocks.some((wire) => checkBlock(wire, { network: 'dev', registry, verify, sha256, sky }).status !== 'checked'))
  throw new Error('a bench block is not valid');

const bytes = {};
for (const dtype of ['f32', 'f16', 'i8', 'b1']) {
  const wire = await make(dtype);
  const { headerBytes, body } = openBlock(wire).block;
  bytes[`1 row of 384 ${dtype} with 200 bytes of text`] = {
    wire: wire.length,
    header: headerBytes.length,
    body: body.length,
    json: toJson(wire).length,
  };
}
bytes['64 rows of 384 i8 with 200 bytes of text each'] = { wire: (await make('i8', 64)).length };

async function bundle(external) {
  const result = await build({
    entryPoints: [new URL('browser-entry.mjs', import.meta.url).pathname],
    bundle: true,
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
    minify: true,
    write: false,
    external,
  });
  const [file] = result.outputFiles;
  return { minified: file.contents.length, gzip: gzipSync(file.contents, { level: 9 }).length };
}
const whole = await bundle(['age-encryption']);
const own = await bundle(['age-encryption', 'astronomy-engine']);
const browser = {
  'without astronomy-engine': own,
  'astronomy-engine’s share, gzip': whole.gzip - own.gzip,
  whole,
  note: 'age-encryption is loaded when a sealed block is opened and not counted',
};

const commit = execFileSync('git', ['rev-parse', '--short', 'HEAD'], {
  cwd: new URL('.', import.meta.url),
  encoding: 'utf8',
}).trim();
const result = {
  machine: `${cpus().length} × ${cpus()[0].model}`,
  node: process.version,
  commit,
  date: new Date().toISOString().slice(0, 10),
  'per second, one core': rates,
  bytes,
  browser,
};
mkdirSync(new URL('results/', import.meta.url), { recursive: true });
writeFileSync(new URL('results/block.json', import.meta.url), `${JSON.stringify(result, null, 1)}\n`);
console.log(JSON.stringify(result, null, 1));
