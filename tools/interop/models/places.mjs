import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { createRequire } from 'node:module';
import { nodeEmbedderHost } from '../../../sdk/dist/embedders/node/index.js';

const here = dirname(fileURLToPath(import.meta.url));
export const root = resolve(here, '../../..');
const shared = resolve(root, '../shared');
export const models = join(shared, 'models');
export const embeddings = join(shared, 'data/embeddings');
export const hasModels = existsSync(join(models, 'all-MiniLM-L6-v2/onnx/model_quantized.onnx'));

/** Node's host, with the library of this folder's own package.json. */
const require = createRequire(import.meta.url);
export const host = {
  ...nodeEmbedderHost,
  importModule: (name) => import(pathToFileURL(require.resolve(name)).href),
};
