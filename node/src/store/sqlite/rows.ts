import {
  cidOf,
  CosmicError,
  DAG_CBOR,
  parseCid,
  RAW,
  type BlockId,
  type CatalogueEntry,
  type EraseReason,
  type SpaceDescriptor,
  type StoredBlock,
} from '@cosmicembeddings/sdk';
import type { Fact } from '@cosmicembeddings/sdk/metadata';
import type { Database, Row, Statement } from './driver.js';
import { bytesCrc } from './schema.js';

/** What the `entry` column holds: the parts of a catalogue entry that have no column of their own. */
export interface EntryRest {
  readonly tags?: readonly string[];
  readonly links?: CatalogueEntry['links'];
  readonly refs?: CatalogueEntry['refs'];
  readonly prev?: BlockId;
  readonly languages?: readonly string[];
  readonly aliases?: readonly string[];
  readonly inert?: { readonly code: string; readonly detail: string };
  /** On the way into the store only: they become postings. */
  readonly facts?: readonly Fact[];
}

export function restOf(entry: CatalogueEntry): EntryRest | undefined {
  const { tags, links, refs, prev, languages, aliases, inert, facts } = entry;
  const rest: { -readonly [K in keyof EntryRest]: EntryRest[K] } = {};
  if (tags.length > 0) rest.tags = tags;
  if (links.length > 0) rest.links = links;
  if (refs.length > 0) rest.refs = refs;
  if (prev !== undefined) rest.prev = prev;
  if (languages !== undefined) rest.languages = languages;
  if (aliases !== undefined) rest.aliases = aliases;
  if (inert !== undefined) rest.inert = inert;
  if (facts !== undefined) rest.facts = facts;
  return Object.keys(rest).length === 0 ? undefined : rest;
}

/** Of `blocks b JOIN bytes y`. */
export const BLOCK_COLUMNS =
  'b.id, b.digest, b.seq, b.python, b.time, b.first_seen, b.author, b.kind, b.space, b.row_count, b.first_label, b.header_only, b.erased, b.entry, y.envelope, y.body, y.crc';

/** The same without the bytes, and so without their checksum. */
export const BARE_COLUMNS = BLOCK_COLUMNS.replace('y.envelope', "x'' AS envelope")
  .replace('y.body', 'NULL AS body')
  .replace('y.crc', 'NULL AS crc');

/** Kept by one connection; tags and authors are made up by whoever publishes. */
const NAMES_MAX = 100_000;
const DESCRIPTORS_MAX = 4096;

/** Dictionary of names and descriptors of one connection: a number never stands for another name. */
export class Names {
  private readonly byId = new Map<number, string>();
  private readonly descriptors = new Map<number, SpaceDescriptor>();
  private readonly find: Statement;
  private readonly lookUp: Statement;
  private readonly descriptor: Statement;

  constructor(
    database: Database,
    private readonly namesMax = NAMES_MAX,
  ) {
    this.find = database.prepare('SELECT name FROM names WHERE id = ?');
    this.lookUp = database.prepare('SELECT id FROM names WHERE name = ?');
    this.descriptor = database.prepare('SELECT descriptor FROM spaces WHERE id = ?');
  }

  /** Names that are kept. */
  get size(): number {
    return this.byId.size;
  }

  name(id: number): string {
    let name = this.byId.get(id);
    if (name === undefined) {
      name = String(this.find.get(id)?.['name'] ?? '');
      if (this.byId.size >= this.namesMax) this.byId.clear();
      this.byId.set(id, name);
    }
    return name;
  }

  id(name: string): number | undefined {
    const id = this.lookUp.get(name)?.['id'];
    return typeof id === 'number' ? id : undefined;
  }

  space(id: number): SpaceDescriptor | undefined {
    let space = this.descriptors.get(id);
    if (space === undefined) {
      const text = this.descriptor.get(id)?.['descriptor'];
      if (typeof text !== 'string') return undefined;
      space = JSON.parse(text) as SpaceDescriptor;
      if (this.descriptors.size >= DESCRIPTORS_MAX) this.descriptors.clear();
      this.descriptors.set(id, space);
    }
    return space;
  }
}

export function idOf(python: boolean, digest: Uint8Array): BlockId {
  return cidOf(python ? RAW : DAG_CBOR, digest).text;
}

/** The id in a row with the columns `digest` and `python`. */
export function idOfRow(row: Row): BlockId {
  return idOf(row['python'] === 1, bytesOf(row['digest']));
}

/** The digest that an id names, and whether it is of a version-1 block; undefined for any other text. */
export function digestOf(id: BlockId): { readonly digest: Uint8Array; readonly python: boolean } | undefined {
  try {
    const cid = parseCid(id);
    return cid.digest === undefined ? undefined : { digest: cid.digest, python: cid.codec === RAW };
  } catch {
    return undefined;
  }
}

function checkBytes(row: Row): void {
  const { envelope, body, crc } = row;
  if (crc === null) return;
  if (envelope !== null && bytesCrc(envelope as Uint8Array, body as Uint8Array | null) === crc) return;
  throw new CosmicError(
    'store.corrupt',
    `block ${idOfRow(row)}, number ${String(row['seq'])}: its bytes are not those that were stored`,
  );
}

/** Bytes of a column as a plain array: engines hand out buffers of their own kinds. */
export function bytesOf(value: Row[string] | undefined): Uint8Array {
  const bytes = value as Uint8Array;
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** `id`: where it is known already. @throws CosmicError store.corrupt when its bytes are not those that were stored, or the row makes no sense */
export function blockOf(row: Row, names: Names, id?: BlockId): StoredBlock {
  try {
    return soundBlockOf(row, names, id);
  } catch (error) {
    if (error instanceof CosmicError) throw error;
    throw new CosmicError('store.corrupt', `row ${String(row['id'])}: ${(error as Error).message}`, { cause: error });
  }
}

function soundBlockOf(row: Row, names: Names, id?: BlockId): StoredBlock {
  const python = row['python'] === 1;
  checkBytes(row);
  const rest = row['entry'] === null ? {} : (JSON.parse(row['entry'] as string) as EntryRest);
  const erased = row['erased'] as EraseReason | null;
  const space = row['space'] === null ? undefined : (row['space'] as number);
  const descriptor = space === undefined ? undefined : names.space(space);
  const timeMs = row['time'] as number;
  const rows =
    erased === null
      ? {
          rows: row['row_count'] as number,
          ...(space === undefined ? {} : { space: names.name(space) }),
          ...(descriptor === undefined ? {} : { descriptor }),
        }
      : { rows: 0 };
  return {
    id: id ?? idOf(python, bytesOf(row['digest'])),
    seq: row['seq'] as number,
    format: python ? 'python/1' : 'native/2',
    timeMs,
    firstSeenMs: row['first_seen'] as number,
    envelope: bytesOf(row['envelope']),
    body: row['body'] === null ? null : bytesOf(row['body']),
    ...(erased === null ? {} : { erased }),
    firstLabel: row['first_label'] as number,
    entry: {
      tags: [],
      links: [],
      refs: [],
      ...rest,
      author: names.name(row['author'] as number),
      kind: names.name(row['kind'] as number),
      timeMs,
      ...rows,
    },
  };
}
