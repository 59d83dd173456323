/**
 * Embeds the canary texts with a real model, signs them as an embedding/1 block with a key made for this run, and puts the
 * block into the space's file: node tools/spaces/make-canaries.mjs <models folder> <module of @huggingface/transformers>
 * Then run make-spaces.mjs. With a folder of WordNet vectors as third argument it adds those of the fp32 space too.
 */
import { randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import {
  corePlugins,
  createBlock,
  createRegistry,
  packRows,
  sha256,
  signerOfSeed,
  toJson,
  utf8,
} from '../../sdk/dist/index.js';
import { canaryOrigin, createEmbedder } from '../../sdk/dist/embedders/index.js';
import { createSky } from '../../sdk/dist/sky/index.js';
import { fromHalf } from '../../sdk/dist/space/index.js';

const [models, module, vectors] = process.argv.slice(2);
const folder = join(dirname(fileURLToPath(import.meta.url)), '..', '..', 'specs', 'spaces');
const registry = createRegistry(corePlugins);
const sky = createSky();
const signer = signerOfSeed(randomBytes(32));

/** Ours. The long one changes its subject all the time, so that what is cut off shows. */
const LONG = Array.from(
  { length: 60 },
  (_, i) =>
    [
      `Observation ${i + 1}: the river carried ${3 * i + 7} barrels past the mill before the frost came.`,
      `In chapter ${i + 1} the judge explains why treaty number ${90 - i} was never signed.`,
      `Sample ${i + 1} of the alloy melted at ${600 + 11 * i} degrees and left a green residue.`,
    ][i % 3],
).join(' ');
const CANARIES = [
  { role: 'passage', text: 'The comet returned after seventy-six years.' },
  { role: 'passage', text: 'Bake the bread until its crust sounds hollow.' },
  { role: 'query', text: 'how do whales sleep' },
  { role: 'passage', text: LONG },
];

async function sign(space, canaries, rows) {
  const { wire } = await createBlock(
    {
      kind: 'embedding/1',
      fields: {
        space,
        embedding: packRows(rows, 'f16'),
        input_type: 'text',
        input_reference: canaries.map(({ text, role }) => ({
          hash: sha256(utf8(text)),
          origin: canaryOrigin[role],
          language: 'en',
        })),
        texts: canaries.map(({ text }) => text),
      },
      tags: ['canary'],
      timeMs: Date.UTC(2026, 10, 21),
    },
    { signer, network: 'dev', registry, sky, salt: () => randomBytes(16) },
  );
  return JSON.parse(toJson(wire));
}

function put(name, block) {
  const path = join(folder, `${name}.json`);
  writeFileSync(path, `${JSON.stringify({ ...JSON.parse(readFileSync(path, 'utf8')), canaries: block }, null, 2)}\n`);
  console.log(name);
}

const host = {
  importModule: () => import(pathToFileURL(resolve(module)).href),
  readFile: async (path) => new Uint8Array(readFileSync(path)),
};
for (const maxTokens of [128, 256, 512]) {
  const embedder = await createEmbedder(
    { type: 'transformers', model: 'all-MiniLM-L6-v2', path: models, dtype: 'q8', maxTokens },
    host,
  );
  const rows = [];
  for (const { text, role } of CANARIES) rows.push(...(await embedder.embed([text], { role })).vectors);
  put(`all-minilm-l6-v2-q8-${maxTokens}`, await sign(embedder.space, CANARIES, rows));
}

if (vectors !== undefined) {
  const texts = JSON.parse(readFileSync(join(vectors, 'wordnet.texts.json'), 'utf8'));
  const npy = readFileSync(join(vectors, 'wordnet.minilm.f16.npy'));
  const start = 10 + npy.readUInt16LE(8);
  const longest = texts.reduce((best, text, i) => (text.length > texts[best].length ? i : best), 0);
  const chosen = [11, 4321, longest];
  const rows = chosen.map((i) =>
    Float32Array.from({ length: 384 }, (_, d) => fromHalf(npy.readUInt16LE(start + 2 * (384 * i + d)))),
  );
  const { space } = JSON.parse(readFileSync(join(folder, 'all-minilm-l6-v2-256.json'), 'utf8'));
  put(
    'all-minilm-l6-v2-256',
    await sign(
      space,
      chosen.map((i) => ({ text: texts[i], role: 'passage' })),
      rows,
    ),
  );
}
