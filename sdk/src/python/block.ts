import { cidOf, isBlockCid, parseCid, RAW } from '../codec/cid.js';
import { didOf } from '../crypto/identity.js';
import { rejected, type Rejected } from '../errors.js';
import { limits } from '../limits.js';
import type { Checks } from '../block/check.js';
import type { CatalogueEntry, CheckedBlock, Ref } from '../block/types.js';
import type { Passage, Vectors } from '../kinds/kind.js';
import { knownSpace } from '../space/known.js';
import { packRows, unitTolerance } from '../space/vector.js';
import { spaceIdOf, spaceNamed, type SpaceDescriptor } from '../space/descriptor.js';
import { PyFloat, PyInt, PyJsonError, readPythonJson, type PyDict, type PyValue } from './read.js';
import { checkSignature, identityBytes, shapeOf, type PythonSignature } from './signature.js';

/** The catalogue's kind for blocks of the Python project. */
export const PYTHON_KIND = 'python/1';

/** A version-1 block taken apart, its signature found. */
export interface PythonBlock {
  readonly text: PyDict;
  readonly signature: PythonSignature;
  /** The fields that the author signed; nothing else is shown as the author's. */
  readonly covered: PyDict;
}

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Reads the text and finds what its signature covers. */
export function openPythonBlock(
  wire: Uint8Array,
  verify: Checks['verify'],
): { status: 'ok'; block: PythonBlock } | Rejected {
  if (wire.length > limits.pythonMaxBytes)
    return rejected('block.too_large', `${wire.length} bytes, at most ${limits.pythonMaxBytes}`);
  const text = readText(wire);
  if (typeof text === 'string') return rejected('block.malformed', text);
  const signature = checkSignature(text, verify);
  if (signature.status === 'rejected') return signature;
  const covered = new Map(text);
  for (const field of ['signature', 'public_key', ...signature.uncovered]) covered.delete(field);
  return { status: 'ok', block: { text, signature, covered } };
}

function readText(wire: Uint8Array): PyDict | string {
  try {
    const value = readPythonJson(decoder.decode(wire), limits.pythonValuesMax);
    return value instanceof Map ? (value as PyDict) : 'not a JSON object';
  } catch (error) {
    if (error instanceof PyJsonError) return error.message;
    if (error instanceof TypeError) return 'text is not UTF-8';
    throw error;
  }
}

/** The network's judgement of one version-1 block. The sky is reported by its own check, never part of validity. */
export function checkPythonBlock(wire: Uint8Array, checks: Checks): CheckedBlock | Rejected {
  const opened = openPythonBlock(wire, checks.verify);
  if (opened.status === 'rejected') return opened;
  const { covered, signature, text } = opened.block;
  const digest = checks.sha256(identityBytes(signature));
  const entry = entryOf(covered, text, didOf(signature.publicKey));
  return {
    status: 'checked',
    id: cidOf(RAW, digest).text,
    digest,
    format: 'python/1',
    timeMs: entry.timeMs,
    entry,
    envelope: wire,
    body: null,
    headerOnly: false,
  };
}

function entryOf(covered: PyDict, text: PyDict, author: string): CatalogueEntry {
  const vectors = rowsOf(covered);
  const alias = text.get('id');
  const links = linksOf(covered);
  const found = 'vectors' in vectors ? vectors.vectors : undefined;
  return {
    author,
    kind: PYTHON_KIND,
    timeMs: timeOf(covered),
    tags: tagsOf(covered),
    links,
    refs: [],
    rows: found?.stored.rows ?? 0,
    ...(found === undefined ? {} : { space: spaceIdOf(found.space), descriptor: found.space }),
    ...(typeof alias === 'string' && alias !== '' ? { aliases: [alias.slice(0, 256)] } : {}),
  };
}

/** The signed time in ms: seconds in the SDK's shape, ISO 8601 in the specification's; 0 where there is none. */
export function timeOf(covered: PyDict): number {
  const value = covered.get('timestamp');
  const seconds = numberOf(value);
  const ms = typeof value === 'string' ? isoMs(value) : seconds === undefined ? NaN : Math.floor(seconds * 1000);
  return Number.isSafeInteger(ms) && ms >= 0 ? ms : 0;
}

const ISO = /^\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d{1,9})?(Z|[+-]\d\d:\d\d)?$/;

function isoMs(text: string): number {
  const match = ISO.exec(text);
  if (match === null) return NaN;
  return Date.parse(text.replace(' ', 'T').replace(/(\.\d{3})\d+/, '$1') + (match[1] === undefined ? 'Z' : ''));
}

export function numberOf(value: PyValue | undefined): number | undefined {
  if (value instanceof PyInt) return Number(value.value);
  return value instanceof PyFloat ? value.value : undefined;
}

function tagsOf(covered: PyDict): string[] {
  const metadata = covered.get('metadata');
  const list = covered.get('tags') ?? (metadata instanceof Map ? (metadata as PyDict).get('tags') : undefined);
  if (!Array.isArray(list)) return [];
  const tags = (list as PyValue[]).filter((tag): tag is string => typeof tag === 'string' && tag !== '');
  return [...new Set(tags)].slice(0, limits.tagsMax);
}

/** Links that name blocks by CID; the original's own ids are not content-addressed and stay in the text. */
function linksOf(covered: PyDict): Ref[] {
  const list = covered.get('linked_blocks');
  if (!Array.isArray(list)) return [];
  return (list as PyValue[]).slice(0, limits.linksMax).flatMap((item) => {
    if (typeof item !== 'string') return [];
    try {
      return isBlockCid(parseCid(item).bytes) ? [{ rel: 'cites', id: item }] : [];
    } catch {
      return [];
    }
  });
}

/** Either rows that can be searched, or why there are none. */
export type PythonRows = { readonly vectors: Vectors } | { readonly reason: string };

export function rowsOf(covered: PyDict): PythonRows {
  const specification = shapeOf(covered) === 'specification';
  const list = specification ? [covered.get('embedding')] : covered.get('embeddings');
  if (!Array.isArray(list) || list.length === 0) return { reason: 'no embeddings' };
  if (list.length > limits.rowsMax) return { reason: `more than ${limits.rowsMax} rows` };
  const rows: Float32Array[] = [];
  for (const [i, item] of (list as (PyValue | undefined)[]).entries()) {
    const row = vectorOf(item);
    if (typeof row === 'string') return { reason: `row ${i}: ${row}` };
    if (row.length !== (rows[0] ?? row).length)
      return { reason: `row ${i}: ${row.length} numbers, row 0 has ${rows[0]!.length}` };
    rows.push(row);
  }
  const { name, dims } = modelOf(covered);
  if (dims !== undefined && dims !== rows[0]!.length)
    return { reason: `rows have ${rows[0]!.length} numbers, the model says ${dims}` };
  return { vectors: { space: spaceOfModel(name, rows), stored: packRows(rows, 'f32') } };
}

function vectorOf(item: PyValue | undefined): Float32Array | string {
  if (!Array.isArray(item) || item.length === 0) return 'no list of numbers';
  if (item.length > limits.dimsMax) return `more than ${limits.dimsMax} numbers`;
  const row = new Float32Array(item.length);
  let squares = 0;
  for (let i = 0; i < item.length; i++) {
    const number = numberOf((item as PyValue[])[i]);
    if (number === undefined) return `item ${i} is no number`;
    row[i] = number;
    squares += row[i]! * row[i]!;
  }
  if (!Number.isFinite(squares)) return 'not finite';
  return squares === 0 ? 'all zeros' : row;
}

function modelOf(covered: PyDict): { name: string; dims: number | undefined } {
  const model = covered.get('model');
  if (model instanceof Map) {
    const name = (model as PyDict).get('name');
    return { name: typeof name === 'string' ? name : 'unknown', dims: numberOf((model as PyDict).get('dimensions')) };
  }
  const format = covered.get('embedding_format') ?? model;
  return { name: typeof format === 'string' ? format : 'unknown', dims: undefined };
}

/** Names by which the Python project calls well-known models, and the spaces that it computes with them. */
const KNOWN: Readonly<Record<string, string>> = {
  'all-MiniLM-L6-v2': 'all-minilm-l6-v2-256',
  'all-mpnet-base-v2': 'all-mpnet-base-v2',
  'openai/text-embedding-ada-002': 'openai-text-embedding-ada-002',
  'openai/text-embedding-3-small': 'openai-text-embedding-3-small',
  'openai/text-embedding-3-large': 'openai-text-embedding-3-large',
};

/** The known space of a model's name when dims and unit length agree with it; otherwise a legacy space. */
function spaceOfModel(name: string, rows: readonly Float32Array[]): SpaceDescriptor {
  const dims = rows[0]!.length;
  const known = Object.hasOwn(KNOWN, name.replace(/^sentence-transformers\//, ''))
    ? knownSpace(KNOWN[name.replace(/^sentence-transformers\//, '')]!)?.space
    : undefined;
  const isUnit = (row: Float32Array): boolean =>
    Math.abs(Math.sqrt(row.reduce((sum, x) => sum + x * x, 0)) - 1) <= unitTolerance.f32;
  return known !== undefined && known.dims === dims && rows.every(isUnit) ? known : legacySpace(name, dims);
}

/** A space for a model that is known by name alone: comparable with the same name and dims, nothing else. */
export function legacySpace(name: string, dims: number): SpaceDescriptor {
  return spaceNamed(`legacy:${name.slice(0, 200)}`, dims);
}

/** Rows, texts and label of a block that was verified when it came in. */
export function pythonContent(wire: Uint8Array): { passages: Passage[]; vectors?: Vectors; skyLabel?: string } {
  const text = readText(wire);
  if (typeof text === 'string') return { passages: [] };
  const rows = rowsOf(text);
  // In the SDK's shape the label may have been added after signing, so it is not shown as the author's.
  const label =
    shapeOf(text) === 'specification' ? (text.get('cosmo_signature') ?? text.get('cosmic_signature')) : undefined;
  return {
    passages: passagesOf(text),
    ...('vectors' in rows ? { vectors: rows.vectors } : {}),
    ...(typeof label === 'string' ? { skyLabel: label } : {}),
  };
}

function passagesOf(text: PyDict): Passage[] {
  const content = text.get('content');
  const list = Array.isArray(content) ? (content as PyValue[]) : [content ?? null];
  const reference = text.get('input_reference');
  const origin = reference instanceof Map ? (reference as PyDict).get('origin') : undefined;
  const from = typeof origin === 'string' ? { origin } : {};
  return list.flatMap((item) =>
    typeof item === 'string' && item !== '' ? [{ text: item.slice(0, limits.textMaxBytes), ...from }] : [],
  );
}
