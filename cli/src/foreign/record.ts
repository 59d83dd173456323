/** One vector of somebody else's database, with what stands beside it there. */
export interface Foreign {
  readonly id: string;
  readonly vector: Float32Array;
  readonly text: string | null;
  /** Perhaps nested. */
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly uri: string | null;
}

type Fields = Readonly<Record<string, unknown>>;

const IDS = ['id', '_id', 'uuid'];
const VECTORS = ['vector', 'embedding', 'values'];
const TEXTS = ['text', 'document', 'page_content', 'content'];
const METADATA = ['metadata', 'cmetadata', 'payload'];
const URIS = ['uri', 'url', 'origin', 'source'];

/** The columns that databases call so; whatever else there is is metadata where no column is called that. */
export function foreignOf(fields: Fields, fallbackId: string, vector?: Float32Array): Foreign | string {
  const [vectorName, given] = first(fields, VECTORS);
  const numbers = vector ?? numbersOf(given);
  if (numbers === undefined) return `no vector: expected one of ${VECTORS.join(', ')} with numbers`;
  const [idName, id] = first(fields, IDS);
  const [metadataName, said] = first(fields, METADATA);
  const metadata = isObject(said) ? said : undefined;
  const [textName, text] = first(fields, TEXTS);
  const [innerName, inner] =
    text === undefined && metadata !== undefined ? first(metadata, TEXTS) : [undefined, undefined];
  const [uriName, uri] = first(fields, URIS);
  const used = [vectorName, idName, textName, uriName, metadataName];
  const rest = Object.entries(fields).filter(([name]) => !used.includes(name));
  return {
    id: id === undefined || id === null ? fallbackId : textOf(id),
    vector: numbers,
    text: typeof text === 'string' ? text : typeof inner === 'string' ? inner : null,
    metadata:
      metadata === undefined
        ? Object.fromEntries(rest)
        : Object.fromEntries(Object.entries(metadata).filter(([name]) => name !== innerName)),
    uri: typeof uri === 'string' ? uri : null,
  };
}

function textOf(id: unknown): string {
  return typeof id === 'string' ? id : JSON.stringify(id);
}

function first(fields: Fields, names: readonly string[]): readonly [string | undefined, unknown] {
  const name = names.find((one) => Object.hasOwn(fields, one));
  return name === undefined ? [undefined, undefined] : [name, fields[name]];
}

/** A list, or the text of one, as pgvector writes it. */
function numbersOf(given: unknown): Float32Array | undefined {
  let list = given;
  if (typeof given === 'string')
    try {
      list = JSON.parse(given);
    } catch {
      return undefined;
    }
  if (!Array.isArray(list) || list.length === 0 || list.some((one) => typeof one !== 'number')) return undefined;
  return Float32Array.from(list as number[]);
}

export function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
