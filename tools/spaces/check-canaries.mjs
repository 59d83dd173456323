/**
 * Tries canaries on a real model, rightly and wrongly configured; one JSON line a trial:
 * node tools/spaces/check-canaries.mjs <models folder> <module of @huggingface/transformers>
 */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { canariesOfKnown, createEmbedder } from '../../sdk/dist/embedders/index.js';
import { checkSpace, spaceIdOf } from '../../sdk/dist/space/index.js';

const [models, module] = process.argv.slice(2);
const host = {
  importModule: () => import(pathToFileURL(resolve(module)).href),
  readFile: async (path) => new Uint8Array(readFileSync(path)),
};
const trials = [
  ['the same configuration', {}],
  ['a passage prefix', { passagePrefix: 'passage: ' }],
  ['a query prefix', { queryPrefix: 'query: ' }],
  ['another pooling', { pooling: 'cls' }],
  ['128 tokens', { maxTokens: 128 }],
  ['512 tokens', { maxTokens: 512 }],
  ['as the fp32 space', {}, 'all-minilm-l6-v2-256'],
];
for (const [what, more, name = 'all-minilm-l6-v2-q8-256'] of trials) {
  const embedder = await createEmbedder(
    { type: 'transformers', model: 'all-MiniLM-L6-v2', path: models, dtype: 'q8', maxTokens: 256, ...more },
    host,
  );
  console.log(
    JSON.stringify({ what, space: spaceIdOf(embedder.space), ...(await checkSpace(embedder, canariesOfKnown(name))) }),
  );
}
