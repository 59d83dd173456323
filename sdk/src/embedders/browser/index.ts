import { CosmicError } from '../../errors.js';
import type { EmbedderHost } from '../host.js';

/** A page's half of the embedders: data files beside the bundle, no files, no environment. */
export const browserEmbedderHost: EmbedderHost & { now(): number } = {
  fetch: (input, init) => globalThis.fetch(input, init),
  env: () => undefined,
  // Bundlers see the address and copy the file along.
  asset: async (name) => {
    if (name !== 'english-1.bin') throw new CosmicError('embedder.unavailable', `a page has no data file ${name}`);
    const response = await globalThis.fetch(new URL('../../../assets/english-1.bin', import.meta.url));
    if (!response.ok) throw new Error(`${response.url}: ${response.status}`);
    return new Uint8Array(await response.arrayBuffer());
  },
  importModule: (name) =>
    Promise.reject(new Error(`${name}: optional packages are bundled by the page that wants them`)),
  readFile: () => Promise.resolve(undefined),
  sleep: (ms, signal) =>
    new Promise((resolve, reject) => {
      signal?.throwIfAborted();
      const timer = globalThis.setTimeout(resolve, ms);
      signal?.addEventListener('abort', () => {
        globalThis.clearTimeout(timer);
        reject(signal.reason as Error);
      });
    }),
  random: () => Math.random(),
  now: () => Date.now(),
};
