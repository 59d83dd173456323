import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { join } from 'node:path';
import { CosmicError } from '../../errors.js';
import type { EmbedderHost } from '../host.js';

/** An optional package is installed beside the user's project, not beside this one. */
const whereUserWorks = (): NodeJS.Require => createRequire(pathToFileURL(join(process.cwd(), 'package.json')));

/** Path of a file of a package that is installed here, or where the user works. */
function resolveFile(name: string, from: string): string {
  for (const require of [createRequire(import.meta.url), whereUserWorks()])
    try {
      return require.resolve(name);
    } catch {
      continue;
    }
  throw new CosmicError('embedder.unavailable', `the package ${from} is not installed: npm install ${from}`);
}

/** Node's half of the embedders: files, environment, optional packages. */
export const nodeEmbedderHost: EmbedderHost = {
  fetch: (input, init) => globalThis.fetch(input, init),
  env: (name) => process.env[name],
  // By the package's name: what is bundled into another one does not lie beside them.
  asset: async (name, from = '@cosmicembeddings/sdk') =>
    new Uint8Array(await readFile(resolveFile(`${from}/assets/${name}`, from))),
  importModule: async (name) => {
    try {
      return (await import(name)) as unknown;
    } catch (fromHere) {
      try {
        return (await import(pathToFileURL(whereUserWorks().resolve(name)).href)) as unknown;
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
