import { Cid, contentOf, decode, unpackRow, type Registry, type StoredBlock, type Value } from '@cosmicembeddings/sdk';
import { readPythonJson, type PyValue } from '@cosmicembeddings/sdk/python';
import type { Cutter } from '../../index/words/index.js';

/** What a piece of an erased body was; its number stands in the journal, so the order is fixed. */
export const fieldNames = ['body', 'salt', 'text', 'vector', 'value', 'word'] as const;
export type Field = (typeof fieldNames)[number];

/** Takes what has to be gone. The bytes are the caller's again after the call. */
export type Sink = (field: Field, bytes: Uint8Array) => void;

/** Fields of at least so many bytes are looked for in every byte, by windows of this size; shorter ones where values stand. */
export const windowBytes = 16;
/** Any copy of so much of a long field holds a whole window. */
const STRIDE: Readonly<Record<Field, number>> = { body: 512, salt: 512, text: 64, vector: 1024, value: 64, word: 64 };
const WINDOWS_MAX = 64;
/** A window with fewer different bytes stands everywhere by chance. */
const DIFFERENT_MIN = 5;

/**
 * Everything that a body brings, in pieces: windows of its bytes, its salt, texts, stored rows and rows as the float32 of an
 * index, every text, digest and name in it, and the stems of its words. Call it before erasing.
 */
export function fieldsOf(block: StoredBlock, registry: Registry, cutter: Cutter, sink: Sink): void {
  const source = block.body ?? (block.format === 'python/1' ? block.envelope : null);
  if (source === null || source.length === 0) return;
  const long = (field: Field, bytes: Uint8Array): void => windows(bytes, STRIDE[field], (at) => sink(field, at));
  const piece = (field: Field, bytes: Uint8Array): void => {
    if (bytes.length >= windowBytes) long(field, bytes);
    else if (bytes.length > 0) sink(field, bytes);
  };
  long('body', source);
  const { passages, vectors } = contentOf(block, registry);
  for (const passage of passages) {
    if (passage === undefined) continue;
    piece('text', encoded(passage.text));
    const { heading, body, also } = cutter.text(passage.heading ?? '', passage.text);
    for (const word of new Set([...heading, ...body, ...also])) piece('word', encoded(word));
  }
  if (vectors !== undefined) {
    long('vector', vectors.stored.bytes);
    for (let row = 0; row < vectors.stored.rows; row++) {
      const flat = unpackRow(vectors.stored, vectors.space.dims, row);
      long('vector', new Uint8Array(flat.buffer, flat.byteOffset, flat.byteLength));
    }
    piece('value', encoded(block.entry.space ?? ''));
  }
  if (block.body !== null) walk(decode(block.body), '', piece);
  else walkPython(readPythonJson(new TextDecoder().decode(block.envelope)), piece);
}

const encoded = (text: string): Uint8Array => new TextEncoder().encode(text);

function windows(bytes: Uint8Array, stride: number, found: (window: Uint8Array) => void): void {
  let count = 0;
  for (let at = 0; at + windowBytes <= bytes.length && count < WINDOWS_MAX;) {
    const window = bytes.subarray(at, at + windowBytes);
    if (new Set(window).size >= DIFFERENT_MIN) {
      found(window);
      count += 1;
      at += stride;
    } else at += windowBytes;
  }
}

/** Keys are the format's, but for those below `metadata`, which are the author's. */
function walk(value: Value, under: string, piece: Sink): void {
  if (typeof value === 'string') piece('value', encoded(value));
  else if (value instanceof Uint8Array) {
    if (under !== 'bytes') piece(under === 'salt' ? 'salt' : 'value', value);
  } else if (value instanceof Cid) {
    if (value.digest !== undefined) piece('value', value.digest);
  } else if (Array.isArray(value)) for (const item of value) walk(item as Value, under, piece);
  else if (typeof value === 'object' && value !== null)
    for (const [key, item] of Object.entries(value)) {
      if (under === 'metadata') piece('value', encoded(key));
      walk(item as Value, under === 'metadata' ? under : key, piece);
    }
}

function walkPython(value: PyValue, piece: Sink): void {
  if (typeof value === 'string') piece('value', encoded(value));
  else if (Array.isArray(value)) for (const item of value as readonly PyValue[]) walkPython(item, piece);
  else if (value instanceof Map)
    for (const item of (value as ReadonlyMap<string, PyValue>).values()) walkPython(item, piece);
}
