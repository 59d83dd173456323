import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { join } from 'node:path';
import type { EmbedderHost } from '../host.js';

/** Node's half of the embedders: files, environment, optional packages. */
export const nodeEmbedderHost: EmbedderHost = {
  fetch: (input, init) => globalThis.fetch(input, init),
  env: (name) => process.env[name],
  // By the package's name: what is bundled into another one does not lie beside them.
  asset: async (name) =>
    new Uint8Array(await readFile(createRequire(import.meta.url).resolve(`@cosmicembeddings/sdk/assets/${name}`))),
  importModule: async (name) => {
    try {
      return (await import(name)) as unknown;
    } catch (fromHere) {
      // Also where the user works: an optional package is installed beside their project, not beside this one.
      const require = createRequire(pathToFileURL(join(process.cwd(), 'package.json')));
      try {
        return (await import(pathToFileURL(require.resolve(name)).href)) as unknown;
      } catch {
        throw fromHere;
      }
    }
  },
  readFile: async (path) => {
    try {
      return new Uint8Array(await readFile(path));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw error;
    }
  },
  hashFile: async (path) => {
    const hash = createHash('sha256');
    try {
      for await (const part of createReadStream(path, { highWaterMark: 1 << 20 })) hash.update(part as Uint8Array);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw error;
    }
    return hash.digest('hex');
  },
  sleep: async (ms, signal) => {
    await delay(ms, undefined, signal === undefined ? {} : { signal });
  },
  random: () => Math.random(),
};
