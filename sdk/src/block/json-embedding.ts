import { fromBase64, fromHex, toBase64, toHex } from '../bytes.js';
import { fromDagJson, setKey } from '../codec/dag-json.js';
import { JsonDecimal, type JsonMap, type JsonValue } from '../codec/json-text.js';
import type { Value, ValueMap } from '../codec/value.js';
import type { EmbeddingBody, InputReference } from '../kinds/embedding.js';
import { decodeMetadata, encodeMetadata, metadataFault, type Metadata } from '../metadata/index.js';
import { float32Text } from '../space/float-text.js';
import { unpackRow } from '../space/vector.js';

export type VectorForm = 'json' | 'base64' | 'none';

/** The fields of `embedding/1` under the names and in the dress of the original specification: [key, JSON text]. */
export function embeddingFields(body: EmbeddingBody, vectors: VectorForm): [string, string][] {
  const fields: [string, string][] = [
    ['space', JSON.stringify(body.space)],
    ['embedding', embeddingText(body, vectors)],
    ['input_type', JSON.stringify(body.input_type)],
    [
      'input_reference',
      JSON.stringify(
        body.input_reference.map((reference) => ({
          ...reference,
          hash: reference.hash === null ? null : toHex(reference.hash),
        })),
      ),
    ],
  ];
  if (body.texts !== undefined) fields.push(['texts', JSON.stringify(body.texts)]);
  if (body.collection !== undefined) fields.push(['collection', JSON.stringify(body.collection)]);
  if (body.document !== undefined) fields.push(['document', JSON.stringify(body.document)]);
  if (body.metadata !== undefined)
    fields.push(['metadata', JSON.stringify(body.metadata.map((row) => (row === null ? null : decodeMetadata(row))))]);
  return fields;
}

function embeddingText({ embedding, space }: EmbeddingBody, vectors: VectorForm): string {
  const { dtype, rows, bytes } = embedding;
  const head = `{"dtype":"${dtype}","rows":${rows}`;
  if (vectors === 'none') return `${head}}`;
  if (vectors === 'base64' || dtype !== 'f32') return `${head},"bytes":"${toBase64(bytes)}"}`;
  const lists: string[] = [];
  for (let row = 0; row < rows; row++) {
    const numbers: string[] = [];
    for (const x of unpackRow(embedding, space.dims, row)) numbers.push(float32Text(x));
    lists.push(`[${numbers.join(',')}]`);
  }
  return `${head},"values":[${lists.join(',')}]}`;
}

/** The body's own fields that such JSON stands for, or one line that says what is wrong. Kind rules are not checked. */
export function embeddingFieldsOf(json: JsonMap): ValueMap | string {
  const fields: Record<string, Value> = {};
  for (const [key, value] of json) {
    if (key === 'embedding') {
      const embedding = embeddingOf(value);
      if (typeof embedding === 'string') return `embedding: ${embedding}`;
      fields[key] = embedding;
    } else if (key === 'input_reference') {
      const references = referencesOf(value);
      if (typeof references === 'string') return `input_reference${references}`;
      fields[key] = references as unknown as Value;
    } else if (key === 'metadata') {
      const metadata = metadataOf(value);
      if (typeof metadata === 'string') return `metadata${metadata}`;
      fields[key] = metadata;
    } else if (['space', 'input_type', 'texts', 'collection', 'document'].includes(key)) {
      try {
        fields[key] = fromDagJson(value);
      } catch (error) {
        return `${key}: ${(error as Error).message}`;
      }
    } else return `${key}: unknown key`;
  }
  return fields;
}

function embeddingOf(json: JsonValue): ValueMap | string {
  if (!(json instanceof Map)) return 'expected an object';
  const dtype = json.get('dtype');
  const rows = json.get('rows');
  if (typeof dtype !== 'string' || typeof rows !== 'number') return 'expected dtype and rows';
  const other = [...json.keys()].find((key) => !['dtype', 'rows', 'bytes', 'values'].includes(key));
  if (other !== undefined) return `${other}: unknown key`;
  const text = json.get('bytes');
  const values = json.get('values');
  if (text === undefined && values === undefined) return 'the vectors were left out; ask for the whole block';
  if (text !== undefined && values !== undefined) return 'expected bytes or values, not both';
  if (values === undefined) {
    if (typeof text !== 'string') return 'bytes: expected base64';
    try {
      return { dtype, rows, bytes: fromBase64(text) };
    } catch (error) {
      return `bytes: ${(error as Error).message}`;
    }
  }
  const bytes = floatBytes(values, dtype, rows);
  return typeof bytes === 'string' ? bytes : { dtype, rows, bytes };
}

function floatBytes(values: JsonValue, dtype: string, rows: number): Uint8Array | string {
  if (dtype !== 'f32') return `values: only f32 rows are written as numbers, ${dtype} as bytes`;
  if (!Array.isArray(values) || values.length !== rows) return `values: expected a list of ${rows} rows`;
  const first = values[0];
  const dims = Array.isArray(first) ? first.length : 0;
  const bytes = new Uint8Array(4 * dims * rows);
  const view = new DataView(bytes.buffer);
  for (let row = 0; row < rows; row++) {
    const list = values[row];
    if (!Array.isArray(list) || list.length !== dims) return `values[${row}]: expected a list of ${dims} numbers`;
    for (let i = 0; i < dims; i++) {
      const item = list[i];
      const number = item instanceof JsonDecimal ? item.value : item;
      if (typeof number !== 'number' || !Number.isFinite(Math.fround(number)))
        return `values[${row}][${i}]: expected a number in the range of a float32`;
      view.setFloat32(4 * (row * dims + i), number, true);
    }
  }
  return bytes;
}

function referencesOf(json: JsonValue): readonly InputReference[] | string {
  if (!Array.isArray(json)) return ': expected a list';
  const references: InputReference[] = [];
  for (const [i, item] of json.entries()) {
    const hash = item instanceof Map ? item.get('hash') : undefined;
    if (!(item instanceof Map) || (typeof hash !== 'string' && hash !== null))
      return `[${i}]: expected an object with a hash`;
    try {
      references.push({
        ...(fromDagJson(item) as unknown as InputReference),
        hash: hash === null ? null : fromHex(hash),
      });
    } catch (error) {
      return `[${i}]: ${(error as Error).message}`;
    }
  }
  return references;
}

/** Numbers of metadata are ordinary JSON numbers here; their one form in bytes is `encodeMetadata`'s. */
function metadataOf(json: JsonValue): Value | string {
  if (!Array.isArray(json)) return ': expected a list';
  const rows: Value[] = [];
  for (const [i, item] of json.entries()) {
    if (item === null) {
      rows.push(null);
      continue;
    }
    const plain = plainOf(item);
    const fault = metadataFault(plain, `[${i}]`);
    if (fault !== undefined) return fault;
    rows.push(encodeMetadata(plain as Metadata));
  }
  return rows;
}

function plainOf(json: JsonValue): unknown {
  if (json instanceof JsonDecimal) return json.value;
  if (Array.isArray(json)) return json.map(plainOf);
  if (!(json instanceof Map)) return json;
  const plain: Record<string, unknown> = {};
  for (const [key, value] of json) setKey(plain, key, plainOf(value));
  return plain;
}
