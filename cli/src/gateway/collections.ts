import { randomUUID } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { bounds } from './bounds.js';
import { exists, invalid, notFound } from './refusal.js';

export type Measure = 'cosine' | 'l2' | 'ip';

/** What Chroma calls a collection. Documents are blocks; this is what is said about the set, kept beside the keys. */
export interface Collection {
  readonly id: string;
  readonly name: string;
  readonly metadata: Readonly<Record<string, unknown>> | null;
  readonly configuration: Readonly<Record<string, unknown>>;
  readonly measure: Measure;
  /** Names the vectors' space: embedding function and model, else the collection itself. */
  readonly model: string;
  readonly dims?: number;
}

export interface Collections {
  list(): readonly Collection[];
  byName(name: string): Collection;
  byId(id: string): Collection;
  /** @throws Refusal when there is one of that name, unless `getOrCreate` */
  create(wanted: Wanted): Collection;
  change(id: string, change: Partial<Pick<Collection, 'name' | 'metadata' | 'dims'>>): Collection;
  remove(id: string): void;
}

export interface Wanted {
  readonly name: string;
  readonly metadata?: Readonly<Record<string, unknown>> | null;
  readonly configuration?: Readonly<Record<string, unknown>> | null;
  readonly getOrCreate?: boolean;
}

const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{1,126}[A-Za-z0-9]$/;

export function openCollections(path: string): Collections {
  let all = read(path);
  const write = (next: readonly Collection[]): void => {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    writeFileSync(`${path}.new`, JSON.stringify(next, undefined, 1), { mode: 0o600 });
    renameSync(`${path}.new`, path);
    all = next;
  };
  const byId = (id: string): Collection => {
    const found = all.find((one) => one.id === id);
    if (found === undefined) throw notFound(`Collection [${id}] does not exist`);
    return found;
  };
  const named = (name: string): Collection | undefined => all.find((one) => one.name === name);
  return {
    list: () => all,
    byId,
    byName: (name) => {
      const found = named(name);
      if (found === undefined) throw notFound(`Collection [${name}] does not exist`);
      return found;
    },
    create: ({ name, metadata = null, configuration, getOrCreate = false }) => {
      checkName(name);
      const known = named(name);
      if (known !== undefined) {
        if (getOrCreate) return known;
        throw exists(`Collection [${name}] already exists`);
      }
      if (all.length >= bounds.collectionsMax) throw invalid(`${bounds.collectionsMax} collections, and no more`);
      checkSize({ metadata, configuration });
      const id = randomUUID();
      const made: Collection = {
        id,
        name,
        metadata,
        configuration: configuration ?? {},
        measure: measureOf(configuration, metadata),
        model: modelOf(configuration) ?? `chroma:${id}`,
      };
      write([...all, made]);
      return made;
    },
    change: (id, change) => {
      const before = byId(id);
      if (change.name !== undefined) checkName(change.name);
      checkSize(change);
      if (change.name !== undefined && change.name !== before.name && named(change.name) !== undefined)
        throw exists(`Collection [${change.name}] already exists`);
      const after = { ...before, ...change };
      write(all.map((one) => (one.id === id ? after : one)));
      return after;
    },
    remove: (id) => write(all.filter((one) => one.id !== id)),
  };
}

function checkName(name: unknown): void {
  if (typeof name !== 'string' || !NAME.test(name))
    throw invalid(`name: 3 to 128 characters of A–Z a–z 0–9 . _ -, beginning and ending with a letter or digit`);
}

function checkSize(said: object): void {
  if (JSON.stringify(said).length > bounds.collectionMaxChars)
    throw invalid(`metadata and configuration: at most ${bounds.collectionMaxChars} characters of JSON`);
}

function read(path: string): readonly Collection[] {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as Collection[];
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

function measureOf(configuration: Wanted['configuration'], metadata: Wanted['metadata']): Measure {
  const { hnsw, spann } = (configuration ?? {}) as Record<string, { readonly space?: unknown } | null | undefined>;
  const said = hnsw?.space ?? spann?.space ?? metadata?.['hnsw:space'] ?? 'l2';
  if (said !== 'cosine' && said !== 'l2' && said !== 'ip') throw invalid(`space: ${String(said)}; cosine, l2 or ip`);
  return said;
}

/** Never a known space on the client's word: what its function computes nobody here has seen. */
function modelOf(configuration: Wanted['configuration']): string | undefined {
  const { embedding_function: given } = (configuration ?? {}) as {
    readonly embedding_function?: {
      readonly name?: unknown;
      readonly config?: Readonly<Record<string, unknown>>;
    } | null;
  };
  if (typeof given?.name !== 'string') return undefined;
  const model = given.config?.['model_name'] ?? given.config?.['model'] ?? '';
  return `chroma:${given.name}${typeof model === 'string' && model !== '' ? `:${model}` : ''}`.slice(0, 256);
}
