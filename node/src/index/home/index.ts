import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { spaceIdOf, type Embedder } from '@cosmicembeddings/sdk';
import type { EmbedderConfig } from '@cosmicembeddings/sdk/embedders';
import { replaceFile } from '../../store/durable.js';
import { homeList, spacesListed } from './list.js';
import { openVectors, type HostRules, type VectorFollower, type VectorsOptions } from '../vectors/index.js';

/** Rows that this node made of the texts of blocks, in spaces of its own choice: never signed, never sent, made again at will. */
export interface Home {
  /** Ids. */
  readonly spaces: readonly string[];
  readonly vectors: VectorFollower;
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

/** Starts the follower; undefined where nothing is to be embedded here, and then what was is taken away. */
export async function openHome(options: HomeOptions): Promise<Home | undefined> {
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
  const vectors = await openVectors({
    ...index,
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
