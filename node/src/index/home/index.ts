import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { spaceIdOf, type Embedder } from '@cosmicembeddings/sdk';
import type { EmbedderConfig } from '@cosmicembeddings/sdk/embedders';
import { replaceFile } from '../../store/durable.js';
import { homeList, spacesListed } from './list.js';
import { lateVectors, type HostRules, type LateVectors, type VectorsOptions } from '../vectors/index.js';
import { readManifest } from '../vectors/manifest.js';

/** Rows that this node made of the texts of blocks, in spaces of its own choice: never signed, never sent, made again at will. */
export interface Home {
  /** Ids. */
  readonly spaces: readonly string[];
  /** Its thread starts with the first question that comes to it, or when told to begin. */
  readonly vectors: LateVectors;
  close(): Promise<void>;
}

export interface HomeOptions extends Pick<VectorsOptions, 'engine' | 'plugins' | 'guard' | 'pressure' | 'faults'> {
  /** Data folder of the node; `home` and `home.json` in it are this one's. */
  readonly folder: string;
  readonly storeEngine: string;
  /** One a space; opened again in the worker. */
  readonly embedders: readonly { readonly config: EmbedderConfig; readonly embedder: Embedder }[];
}

/** What the worker is told beside what an index is. */
export interface HomeReading {
  readonly configs: readonly EmbedderConfig[];
}

/**
 * Rows in a quarter of the bytes: nobody signed them, and what is a thousandth nearer is not better. Few of them in memory (64 MB hold
 * 165,000 of 384 numbers), the others are read from their file. And slices that nobody waits for long.
 */
const rules: Partial<HostRules> = { rows: 'i8', rowsMaxBytes: 64_000_000, sliceMs: 10 };

/** The follower; undefined where nothing is to be embedded here, and then what was is taken away. */
export function openHome(options: HomeOptions): Home | undefined {
  const { folder, storeEngine, embedders, ...index } = options;
  const spaces = embedders.map(({ embedder }) => spaceIdOf(embedder.space));
  const root = join(folder, 'home');
  const list = join(folder, homeList);
  const isListed = JSON.stringify(spacesListed(list)) === JSON.stringify(spaces);
  // How far it is counts for all its spaces: with another one it begins anew.
  if (!isListed) rmSync(root, { recursive: true, force: true });
  if (spaces.length === 0) {
    rmSync(list, { force: true });
    return undefined;
  }
  if (!isListed) replaceFile(list, JSON.stringify({ version: 1, spaces }));
  const from = readManifest(root);
  const vectors = lateVectors({
    ...index,
    ...(from?.waiting.length === 0 ? { from: { epoch: from.epoch, seq: from.seq } } : {}),
    name: 'home',
    folder: root,
    reader: { folder, engine: storeEngine },
    readerModule: new URL('./reader.js', import.meta.url).href,
    readerOptions: { configs: embedders.map(({ config }) => config) } satisfies HomeReading,
    rules,
    threads: 1,
  });
  return { spaces, vectors, close: () => vectors.close() };
}
