import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from '@jest/globals';
import { createEmbedder } from '../../src/embedders/index.js';
import { nodeEmbedderHost } from '../../src/embedders/node/index.js';

/** Only what needs no model: tools/interop/models runs a real one. */
const folder = mkdtempSync(join(tmpdir(), 'models-'));
afterAll(() => rmSync(folder, { recursive: true }));
const withLibrary = { ...nodeEmbedderHost, importModule: () => Promise.resolve({ env: { cacheDir: null } }) };

test('without the package, what to install is named', async () => {
  const absent = {
    ...nodeEmbedderHost,
    importModule: (name: string) => nodeEmbedderHost.importModule(`${name}-absent`),
  };
  await expect(createEmbedder({ type: 'transformers', model: 'm' }, absent)).rejects.toMatchObject({
    code: 'embedder.unavailable',
    detail: expect.stringContaining('npm install @huggingface/transformers@4'),
  });
});

test('a folder without the model, and one without these weights, are named before anything is loaded', async () => {
  const config = { type: 'transformers', model: 'm', path: folder } as const;
  await expect(createEmbedder(config, withLibrary)).rejects.toMatchObject({
    code: 'embedder.unavailable',
    detail: expect.stringContaining(`no model at ${folder}/m`),
  });
  mkdirSync(join(folder, 'm/onnx'), { recursive: true });
  for (const file of ['config.json', 'tokenizer.json']) writeFileSync(join(folder, 'm', file), '{}');
  await expect(createEmbedder(config, withLibrary)).rejects.toMatchObject({
    detail: expect.stringContaining('it has none at all'),
  });
  writeFileSync(join(folder, 'm/onnx/model_fp16.onnx'), 'x');
  await expect(createEmbedder(config, withLibrary)).rejects.toMatchObject({
    detail: expect.stringContaining('no q8 weights (onnx/model_quantized.onnx); set dtype to fp16'),
  });
});

test('a file is hashed as it is', async () => {
  const path = join(folder, 'abc');
  writeFileSync(path, 'abc');
  expect(await nodeEmbedderHost.hashFile!(path)).toBe(
    'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
  );
  expect(await nodeEmbedderHost.hashFile!(join(folder, 'none'))).toBeUndefined();
});
