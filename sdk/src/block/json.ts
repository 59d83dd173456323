import { concatBytes, equalBytes, fromBase64, toBase64 } from '../bytes.js';
import { cidOf, DAG_CBOR, parseCid } from '../codec/cid.js';
import { fromDagJson, setKey, toDagJson } from '../codec/dag-json.js';
import { encode } from '../codec/encode.js';
import { JsonError, parseJson, type JsonMap, type JsonValue } from '../codec/json-text.js';
import type { Value, ValueMap } from '../codec/value.js';
import { sha256 } from '../crypto/hash.js';
import { CosmicError, rejected, type Code, type Rejected } from '../errors.js';
import { embeddingKind, ownFields, parseEmbedding } from '../kinds/embedding.js';
import { limits } from '../limits.js';
import { decodeBody, openBlock } from './check.js';
import { writeEnvelope } from './envelope.js';
import { decodeHeader } from './header.js';
import { embeddingFields, embeddingFieldsOf, type VectorForm } from './json-embedding.js';
import { goneBody } from './wire.js';

export interface JsonOptions {
  /** How f32 rows are written: numbers (default), base64, or not at all, which is a view and no JSON form. */
  readonly vectors?: VectorForm;
}

/**
 * The JSON form of a native block (specs/block.md): one flat object with the header's fields, those of the body, id and
 * signature. Everything is in it, so `fromJson(toJson(wire))` equals `wire` for every block of the network.
 * @throws CosmicError with the code of what makes `wire` no block
 */
export function toJson(wire: Uint8Array, options: JsonOptions = {}): string {
  const opened = openBlock(wire);
  if (opened.status === 'rejected') throw new CosmicError(opened.code, opened.detail);
  const { header, headerBytes, signature, body } = opened.block;
  if (opened.end !== wire.length)
    throw new CosmicError('block.malformed', `${wire.length - opened.end} bytes after the block`);
  const fields: [string, string][] = [
    ['id', JSON.stringify(cidOf(DAG_CBOR, sha256(headerBytes)).text)],
    ['version', '2'],
    ['kind', JSON.stringify(header.kind)],
    ['created_by', JSON.stringify(header.created_by)],
    ['timestamp', String(header.timestamp)],
  ];
  if (header.observer_location !== undefined)
    fields.push(['observer_location', toDagJson(header.observer_location as unknown as Value)]);
  fields.push(['cosmic_signature', toDagJson(header.cosmic_signature)]);
  if (header.prev !== undefined) fields.push(['prev', JSON.stringify(header.prev)]);
  if (header.refs !== undefined) fields.push(['refs', JSON.stringify(header.refs)]);
  fields.push(['body', JSON.stringify(header.body.text)], ['body_bytes', String(header.body_bytes)]);
  if (body !== null) {
    if (!equalBytes(sha256(body), header.body.digest!))
      throw new CosmicError('block.body_mismatch', `body is not ${header.body.text}`);
    fields.push(...bodyFields(header.kind, body, options.vectors ?? 'json'));
  }
  fields.push(['signature', JSON.stringify(toBase64(signature))]);
  return `{${fields.map(([key, text]) => `${JSON.stringify(key)}:${text}`).join(',')}}`;
}

function bodyFields(kind: string, bytes: Uint8Array, vectors: VectorForm): [string, string][] {
  const decoded = decodeBody(bytes);
  if (decoded.status === 'rejected') throw new CosmicError(decoded.code, decoded.detail);
  const { salt, tags, linked_blocks } = decoded.body as {
    salt: Uint8Array;
    tags: readonly string[];
    linked_blocks: readonly { rel: string; id: { text: string } }[];
  };
  const common: [string, string][] = [
    ['salt', JSON.stringify(toBase64(salt))],
    ['tags', JSON.stringify(tags)],
    ['linked_blocks', JSON.stringify(linked_blocks.map(({ rel, id }) => ({ rel, id: id.text })))],
  ];
  const parsed = kind === embeddingKind.name ? parseEmbedding(decoded.body) : undefined;
  if (parsed?.ok === true) return [...common, ...embeddingFields(parsed.body, vectors)];
  return [...common, ['fields', toDagJson(ownFields(decoded.body))]];
}

/** Thrown inside reading only; `fromJson` makes it a value. */
class Refusal extends Error {
  constructor(
    readonly code: Code,
    detail: string,
  ) {
    super(detail);
  }
}

/**
 * The wire bytes that a JSON form stands for, whatever its order of keys, white space or spelling of strings and numbers.
 * The signature is carried over, not checked. `id`, `body` and `body_bytes` may be left out while the body is there;
 * where they stand they have to be right.
 */
export function fromJson(text: string): Uint8Array | Rejected {
  if (text.length > limits.jsonMaxBytes)
    return rejected('block.too_large', `JSON: ${text.length} characters, at most ${limits.jsonMaxBytes}`);
  try {
    const json = parseJson(text);
    if (!(json instanceof Map)) return rejected('block.malformed', 'JSON: expected an object');
    return fromParsed(json);
  } catch (error) {
    if (error instanceof JsonError) return rejected('block.malformed', `JSON: ${error.message}`);
    throw error;
  }
}

/** The same for a text that was read already. */
export function fromParsed(json: JsonMap): Uint8Array | Rejected {
  try {
    return wireOfForm(json);
  } catch (error) {
    if (error instanceof Refusal) return rejected(error.code, error.message);
    throw error;
  }
}

const HEADER_KEYS = ['version', 'kind', 'created_by', 'timestamp', 'observer_location', 'cosmic_signature'];
const OTHER_KEYS = ['id', 'prev', 'refs', 'body', 'body_bytes', 'signature'];
const BODY_KEYS = ['salt', 'tags', 'linked_blocks'];

function wireOfForm(json: JsonMap): Uint8Array {
  if (!json.has('signature')) throw new Refusal('block.unsigned', 'signature: missing');
  const signature = bytesAt(json, 'signature', 'block.bad_envelope');
  if (signature.length !== 64)
    throw new Refusal('block.bad_envelope', `signature: expected 64 bytes, got ${signature.length}`);
  const body = bodyOf(json);
  const named = body === undefined ? undefined : cidOf(DAG_CBOR, sha256(body));
  const header: Record<string, Value> = {};
  for (const key of HEADER_KEYS)
    if (json.has(key)) header[key] = at(key, 'block.bad_header', () => fromDagJson(json.get(key)!));
  if (json.has('prev')) header['prev'] = cidAt(json.get('prev'), 'prev', 'block.bad_header');
  if (json.has('refs')) header['refs'] = refsAt(json.get('refs')!, 'refs', 'block.bad_header');
  header['body'] =
    json.has('body') || named === undefined ? cidAt(json.get('body'), 'body', 'block.bad_header') : named;
  if (json.has('body_bytes'))
    header['body_bytes'] = at('body_bytes', 'block.bad_header', () => fromDagJson(json.get('body_bytes')!));
  else if (body !== undefined) header['body_bytes'] = body.length;
  if (
    named !== undefined &&
    body !== undefined &&
    (!named.equals(header['body'] as typeof named) || header['body_bytes'] !== body.length)
  )
    throw new Refusal('block.body_mismatch', `the fields make body ${named.text} of ${body.length} bytes`);
  const headerBytes = encode(header);
  const decoded = decodeHeader(headerBytes);
  if (decoded.status === 'rejected') throw new Refusal(decoded.code, decoded.detail);
  const id = cidOf(DAG_CBOR, sha256(headerBytes)).text;
  if (json.has('id') && json.get('id') !== id) throw new Refusal('block.malformed', `id: the fields make ${id}`);
  return concatBytes(writeEnvelope(headerBytes, signature), body ?? goneBody);
}

/** Body bytes, or undefined for a header-only block. */
function bodyOf(json: JsonMap): Uint8Array | undefined {
  const own = [...json.keys()].filter(
    (key) => !HEADER_KEYS.includes(key) && !OTHER_KEYS.includes(key) && !BODY_KEYS.includes(key),
  );
  const present = BODY_KEYS.filter((key) => json.has(key));
  if (present.length === 0 && own.length === 0) return undefined;
  const missing = BODY_KEYS.find((key) => !json.has(key));
  if (missing !== undefined) throw new Refusal('block.bad_body', `${missing}: missing`);
  const fields = json.has('fields') ? dagFields(json, own) : flatFields(json, own);
  const body: Record<string, Value> = {};
  for (const key of Object.keys(fields)) setKey(body, key, fields[key]!);
  body['salt'] = bytesAt(json, 'salt', 'block.bad_body');
  body['tags'] = at('tags', 'block.bad_body', () => fromDagJson(json.get('tags')!));
  body['linked_blocks'] = refsAt(json.get('linked_blocks')!, 'linked_blocks', 'block.bad_body');
  const bytes = encode(body);
  const decoded = decodeBody(bytes);
  if (decoded.status === 'rejected') throw new Refusal(decoded.code, decoded.detail);
  return bytes;
}

function dagFields(json: JsonMap, own: readonly string[]): ValueMap {
  const other = own.find((key) => key !== 'fields');
  if (other !== undefined) throw new Refusal('block.malformed', `${other}: unknown key beside fields`);
  const fields = at('fields', 'block.bad_body', () => fromDagJson(json.get('fields')!)) as ValueMap;
  if (!(json.get('fields') instanceof Map) || fields instanceof Uint8Array)
    throw new Refusal('block.bad_body', 'fields: expected an object');
  const common = BODY_KEYS.find((key) => Object.hasOwn(fields, key));
  if (common !== undefined) throw new Refusal('block.bad_body', `fields.${common}: stands outside of fields`);
  return fields;
}

function flatFields(json: JsonMap, own: readonly string[]): ValueMap {
  if (json.get('kind') !== embeddingKind.name)
    throw new Refusal('block.malformed', `${own[0] ?? 'fields'}: the fields of this kind stand in "fields"`);
  const read = embeddingFieldsOf(new Map(own.map((key) => [key, json.get(key)!])));
  if (typeof read === 'string') throw new Refusal('block.bad_body', read);
  return read;
}

function at<T>(path: string, code: Code, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof SyntaxError) throw new Refusal(code, `${path}: ${error.message}`);
    throw error;
  }
}

function bytesAt(json: JsonMap, key: string, code: Code): Uint8Array {
  const text = json.get(key);
  if (typeof text !== 'string') throw new Refusal(code, `${key}: expected base64`);
  return at(key, code, () => fromBase64(text));
}

function cidAt(value: JsonValue | undefined, path: string, code: Code): Value {
  if (typeof value !== 'string') throw new Refusal(code, `${path}: expected the text of a CID`);
  return at(path, code, () => parseCid(value));
}

function refsAt(value: JsonValue, path: string, code: Code): Value {
  if (!Array.isArray(value)) throw new Refusal(code, `${path}: expected a list`);
  return value.map((item, i) => {
    if (!(item instanceof Map) || item.size !== 2) throw new Refusal(code, `${path}[${i}]: expected {rel, id}`);
    const rel = item.get('rel');
    if (typeof rel !== 'string') throw new Refusal(code, `${path}[${i}].rel: expected text`);
    return { rel, id: cidAt(item.get('id'), `${path}[${i}].id`, code) };
  });
}
