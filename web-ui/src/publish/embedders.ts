import { CosmicError, type Embedder } from '@cosmicembeddings/sdk';
import { createEmbedder, type EmbedderHost } from '@cosmicembeddings/sdk/embedders';
import type { NodeClient } from '@cosmicembeddings/sdk/api';
import type { SpaceDescriptor } from '@cosmicembeddings/sdk/space';

/** Texts of one request: within what a node does for strangers. */
const TEXTS_MAX = 32;
const CHARACTERS_MAX = 48_000;

interface Model {
  readonly id: string;
  readonly space: SpaceDescriptor;
}

/** What this node embeds with, for whoever asks. */
export async function modelsOf({ url }: NodeClient): Promise<readonly Model[]> {
  const response = await fetch(`${url}/v1/models`).catch(() => undefined);
  return response?.ok === true ? ((await response.json()) as { data: Model[] }).data : [];
}

/** One of the browser's own; the data file comes from the page's own node. */
export function browserEmbedder(name: 'english-1' | 'lexical', { url }: NodeClient): Promise<Embedder> {
  const host: EmbedderHost = {
    fetch: (input, init) => globalThis.fetch(input, init),
    env: () => undefined,
    asset: async (file) => {
      const response = await globalThis.fetch(`${url}/assets/${file}`);
      if (!response.ok) throw new CosmicError('embedder.unavailable', `${file}: ${response.status}`);
      return new Uint8Array(await response.arrayBuffer());
    },
    importModule: (module) => Promise.reject(new Error(module)),
    readFile: () => Promise.resolve(undefined),
    sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
    random: () => Math.random(),
  };
  return createEmbedder({ type: 'builtin', name }, host);
}

/** A model of the node, in the shape of `/v1/embeddings`. */
export function nodeEmbedder({ id, space }: Model, { url }: NodeClient): Embedder {
  return {
    space,
    embed: async (texts, { role, signal }) => {
      const vectors: Float32Array[] = [];
      for (const input of batchesOf(texts)) {
        const response = await fetch(`${url}/v1/embeddings`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({ input, model: id, input_type: role }),
          ...(signal === undefined ? {} : { signal }),
        });
        if (!response.ok) throw new CosmicError('embedder.unavailable', `${response.status}`);
        const { data } = (await response.json()) as { data: { embedding: number[] }[] };
        if (data.length !== input.length) throw new CosmicError('embedder.bad_answer', `${data.length} vectors`);
        vectors.push(...data.map(({ embedding }) => Float32Array.from(embedding)));
      }
      return { vectors, truncated: texts.map(() => false), tokens: texts.map(() => null) };
    },
  };
}

/** In order, each within the bounds, one text at least. */
export function batchesOf(texts: readonly string[]): string[][] {
  const batches: string[][] = [];
  let characters = Infinity;
  for (const text of texts) {
    const last = batches.at(-1);
    if (last === undefined || last.length >= TEXTS_MAX || characters + text.length > CHARACTERS_MAX) {
      batches.push([text]);
      characters = text.length;
    } else {
      last.push(text);
      characters += text.length;
    }
  }
  return batches;
}
