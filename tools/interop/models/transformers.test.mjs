/** The transformers embedder on the real all-MiniLM-L6-v2 (q8). */
import assert from 'node:assert/strict';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { canariesOfKnown, createEmbedder } from '../../../sdk/dist/embedders/index.js';
import { checkSpace, cosine, knownSpace, spaceIdOf } from '../../../sdk/dist/space/index.js';
import { embeddings, hasModels, host, models } from './places.mjs';

const skip = hasModels ? false : '../shared/models/all-MiniLM-L6-v2 is not there';
const base = { type: 'transformers', model: 'all-MiniLM-L6-v2', path: models };
const LONG = Array.from(
  { length: 80 },
  (_, i) => `Part ${i}: the ${['mill', 'judge', 'alloy', 'whale'][i % 4]} of year ${1900 + i} was measured again.`,
).join(' ');
const passages = { role: 'passage' };
let embedder;
before(async () => {
  if (!skip) embedder = await createEmbedder(base, host);
});

/** Rows of a little-endian float32 NPY file of two dimensions. */
function readNpy(path) {
  const bytes = readFileSync(path);
  const start = 10 + bytes.readUInt16LE(8);
  const header = bytes.toString('latin1', 10, start);
  assert.match(header, /'<f4'/);
  const [rows, dims] = /\((\d+), (\d+)\)/.exec(header).slice(1).map(Number);
  return Array.from({ length: rows }, (_, row) =>
    Float32Array.from({ length: dims }, (_, d) => bytes.readFloatLE(start + 4 * (row * dims + d))),
  );
}

test('agrees with the vectors that somebody else published for the same texts', { skip }, async (t) => {
  const rows = readNpy(join(embeddings, 'squad2000/all-MiniLM-L6-v2.npy'));
  const texts = JSON.parse(readFileSync(join(embeddings, 'squad2000/texts.json'), 'utf8'));
  const { vectors } = await embedder.embed(
    texts.map(({ text }) => text),
    passages,
  );
  const cosines = vectors.map((vector, i) => cosine(vector, rows[i]));
  const mean = cosines.reduce((sum, x) => sum + x, 0) / cosines.length;
  t.diagnostic(`${texts.length} texts: mean cosine ${mean.toFixed(4)}, minimum ${Math.min(...cosines).toFixed(4)}`);
  assert.ok(mean >= 0.99, `mean cosine ${mean}`);
});

test(
  'has exactly the frozen descriptor, and reproduces its canaries, for 128, 256 and 512 tokens',
  { skip },
  async () => {
    for (const maxTokens of [128, 256, 512]) {
      const name = `all-minilm-l6-v2-q8-${maxTokens}`;
      const limited = await createEmbedder({ ...base, maxTokens }, host);
      assert.deepEqual(limited.space, knownSpace(name).space);
      const proof = await checkSpace(limited, canariesOfKnown(name));
      assert.equal(proof.status, 'reproduced', proof.detail);
    }
    assert.deepEqual(embedder.space, knownSpace('all-minilm-l6-v2-q8-256').space);
  },
);

test('max_tokens is obeyed, reported, and tells long texts apart only', { skip }, async () => {
  const answers = [];
  for (const maxTokens of [128, 256, 512])
    answers.push(await (await createEmbedder({ ...base, maxTokens }, host)).embed([LONG, 'a short text'], passages));
  assert.deepEqual(
    answers.map(({ truncated }) => truncated),
    [
      [true, false],
      [true, false],
      [true, false],
    ],
  );
  assert.deepEqual(
    answers.map(({ tokens }) => tokens[0]),
    [128, 256, 512],
  );
  for (const [a, b] of [
    [0, 1],
    [1, 2],
    [0, 2],
  ]) {
    assert.ok(cosine(answers[a].vectors[0], answers[b].vectors[0]) < 0.995);
    assert.deepEqual(answers[a].vectors[1], answers[b].vectors[1]);
  }
  await assert.rejects(createEmbedder({ ...base, maxTokens: 1024 }, host), {
    code: 'config.malformed',
    message: /512 tokens at most/,
  });
});

test('a vector does not depend on what is embedded with it', { skip }, async () => {
  const texts = ['The comet returned.', LONG, 'Bake the bread.', 'x'];
  const together = (await embedder.embed(texts, passages)).vectors;
  for (const [i, text] of texts.entries())
    assert.deepEqual((await embedder.embed([text], passages)).vectors[0], together[i]);
});

test('prefixes go by role and make another space', { skip }, async () => {
  const prefixed = await createEmbedder({ ...base, queryPrefix: 'query: ', passagePrefix: 'passage: ' }, host);
  const [plain] = (await embedder.embed(['query: how do whales sleep'], passages)).vectors;
  assert.deepEqual((await prefixed.embed(['how do whales sleep'], { role: 'query' })).vectors[0], plain);
  assert.ok(cosine((await prefixed.embed(['how do whales sleep'], passages)).vectors[0], plain) < 0.9999);
  assert.notEqual(spaceIdOf(prefixed.space), spaceIdOf(embedder.space));
});

test('texts without a token are refused', { skip }, async () => {
  for (const text of ['', '  ', '\u200b'])
    await assert.rejects(embedder.embed(['good', text], passages), { code: 'input.empty' }, JSON.stringify(text));
});

test('what is missing is named: folder, dtype, hash, package', { skip }, async () => {
  const code = 'embedder.unavailable';
  await assert.rejects(createEmbedder({ ...base, model: 'none' }, host), {
    code,
    message: /no model at .*none: config\.json is not there/,
  });
  await assert.rejects(createEmbedder({ ...base, dtype: 'fp32' }, host), {
    code,
    message: /no fp32 weights .* set dtype to q8/,
  });
  await assert.rejects(createEmbedder({ ...base, weights: '0'.repeat(64) }, host), {
    code,
    message: /sha-256 a02d513a/,
  });
  const bare = { ...host, importModule: (name) => import(`${name}-that-is-not-there`) };
  await assert.rejects(createEmbedder(base, bare), { code, message: /npm install @huggingface\/transformers@4/ });
});

test('builds that differ in precision only have ids of their own and say which they are', { skip }, async (t) => {
  // The same graph under another dtype's file name: what the library runs, the space must name.
  const folder = mkdtempSync(join(tmpdir(), 'models-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const model = join(folder, 'all-MiniLM-L6-v2');
  mkdirSync(join(model, 'onnx'), { recursive: true });
  for (const file of ['config.json', 'tokenizer.json', 'tokenizer_config.json', 'special_tokens_map.json'])
    copyFileSync(join(models, 'all-MiniLM-L6-v2', file), join(model, file));
  symlinkSync(join(models, 'all-MiniLM-L6-v2/onnx/model_quantized.onnx'), join(model, 'onnx/model.onnx'));
  const other = await createEmbedder({ ...base, path: folder, dtype: 'fp32' }, host);
  assert.deepEqual({ ...other.space, precision: 'q8' }, embedder.space);
  assert.equal(other.space.precision, 'fp32');
  const ids = [embedder.space, other.space, knownSpace('all-minilm-l6-v2-256').space].map(spaceIdOf);
  assert.equal(new Set(ids).size, 3);
});

test('a stopped call ends', { skip }, async () => {
  await assert.rejects(
    embedder.embed(['a', 'b'], { role: 'passage', signal: AbortSignal.abort(new Error('enough')) }),
    { message: 'enough' },
  );
});
