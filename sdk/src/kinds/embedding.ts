import { toHex } from '../bytes.js';
import { setKey } from '../codec/dag-json.js';
import { encode } from '../codec/encode.js';
import { isMap, type Value, type ValueMap } from '../codec/value.js';
import { limits } from '../limits.js';
import { decodeMetadata, type Fact } from '../metadata/index.js';
import { bytes, checker, integer, list, oneOf, orNull, struct, text, type Check } from '../schema/index.js';
import { descriptorFault, descriptorSchema, rowsFault, type SpaceDescriptor, type StoredRows } from '../space/index.js';
import type { Kind, Parsed, Passage } from './kind.js';

/** Where a row's text came from. `hash`: sha-256 of exactly the UTF-8 bytes that were embedded, before any prefix; null where only the vector is known. */
export interface InputReference {
  readonly hash: Uint8Array | null;
  readonly origin: string;
  readonly heading?: string;
  readonly language?: string;
}

/** Body of `embedding/1`: n rows of one space under one signature (specs/kinds/embedding.md). */
export interface EmbeddingBody {
  readonly space: SpaceDescriptor;
  readonly embedding: StoredRows;
  readonly input_type: 'text' | 'image' | 'audio' | 'video' | 'code' | 'other';
  /** One for each row. */
  readonly input_reference: readonly InputReference[];
  /** The embedded texts themselves, where the author publishes them: one entry for each row. */
  readonly texts?: readonly (string | null)[];
  /** The author's own name for the set that the document belongs to. */
  readonly collection?: string;
  /** The author's own id of the document: a later block of the same author, collection and document is its next version. */
  readonly document?: string;
  /** What the author says about each row, as the body carries it (`decodeMetadata`): one entry for each row. */
  readonly metadata?: readonly (ValueMap | null)[];
}

const schema = struct(
  {
    space: descriptorSchema,
    embedding: struct({
      dtype: oneOf('f32', 'f16', 'i8', 'b1'),
      rows: integer(1, limits.rowsMax),
      bytes: bytes(1, limits.bodyMaxBytes),
    }),
    input_type: oneOf('text', 'image', 'audio', 'video', 'code', 'other'),
    input_reference: list(
      struct(
        { hash: orNull(bytes(32, 32)), origin: text(limits.originMaxBytes) },
        {
          optional: {
            heading: text(limits.headingMaxBytes),
            language: text(limits.languageMaxBytes, { pattern: /^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*$/ }),
          },
        },
      ),
      limits.rowsMax,
      1,
    ),
  },
  {
    optional: {
      texts: list(orNull(text(limits.textMaxBytes)), limits.rowsMax, 1),
      collection: nameText(limits.collectionMaxBytes),
      document: nameText(limits.documentMaxBytes),
      metadata: list(orNull(checker(rowMetadata, { type: 'object' })), limits.rowsMax, 1),
    },
  },
);

/** Text of 1 to `maxBytes` bytes without control characters. */
export function nameText(maxBytes: number): Check {
  // eslint-disable-next-line no-control-regex -- control characters are what a name must not hold
  return text(maxBytes, { minBytes: 1, pattern: /^[^\u0000-\u001f\u007f-\u009f]*$/ });
}

function rowMetadata(value: Value | undefined, path: string): string | undefined {
  if (isMap(value) && Object.keys(value).length === 0) return `${path}: an empty map is written null`;
  const decoded = decodeMetadata(value, path);
  return typeof decoded === 'string' ? decoded : undefined;
}

/** Fields that every body has; the kind's schema sees the rest. */
const COMMON = new Set(['salt', 'tags', 'linked_blocks']);

/** The kind's own fields of a body. */
export function ownFields(body: ValueMap): ValueMap {
  const own: Record<string, Value> = {};
  for (const key of Object.keys(body)) if (!COMMON.has(key)) setKey(own, key, body[key]!);
  return own;
}

/** The kind looks at no header. */
export function parseEmbedding(body: ValueMap): Parsed<EmbeddingBody> {
  const own = ownFields(body);
  if (own['space'] !== undefined) {
    const fault = descriptorFault(own['space']);
    if (fault !== undefined) return { ok: false, code: 'space.malformed', detail: fault };
  }
  const fault = schema(own, 'body');
  if (fault !== undefined) return { ok: false, code: 'kind.malformed', detail: fault };
  const parsed = own as unknown as EmbeddingBody;
  const rows = parsed.embedding.rows;
  if (parsed.input_reference.length !== rows)
    return {
      ok: false,
      code: 'kind.malformed',
      detail: `body.input_reference: ${rows} rows need ${rows} references, got ${parsed.input_reference.length}`,
    };
  if (parsed.texts !== undefined && parsed.texts.length !== rows)
    return {
      ok: false,
      code: 'kind.malformed',
      detail: `body.texts: ${rows} rows need ${rows} entries, got ${parsed.texts.length}`,
    };
  if (parsed.metadata !== undefined && parsed.metadata.length !== rows)
    return {
      ok: false,
      code: 'kind.malformed',
      detail: `body.metadata: ${rows} rows need ${rows} entries, got ${parsed.metadata.length}`,
    };
  const metadataBytes = parsed.metadata === undefined ? 0 : encode(parsed.metadata as Value).length;
  if (metadataBytes > limits.metadataBlockMaxBytes)
    return {
      ok: false,
      code: 'kind.malformed',
      detail: `body.metadata: ${metadataBytes} bytes, at most ${limits.metadataBlockMaxBytes}`,
    };
  const rowFault = rowsFault(parsed.embedding, parsed.space);
  if (rowFault !== undefined) return { ok: false, ...rowFault };
  return { ok: true, body: parsed };
}

function factsOf({ collection, document, metadata, input_reference }: EmbeddingBody): Fact[] {
  const facts: Fact[] = [];
  if (collection !== undefined) facts.push({ row: -1, key: '#collection', value: collection });
  if (document !== undefined) facts.push({ row: -1, key: '#id', value: document });
  const [first] = input_reference;
  if (input_reference.every(({ origin }) => origin === first!.origin)) {
    if (first!.origin !== '') facts.push({ row: -1, key: '#origin', value: first!.origin });
  } else for (const [row, { origin }] of input_reference.entries()) facts.push({ row, key: '#origin', value: origin });
  for (const [row, { language }] of input_reference.entries())
    if (language !== undefined) facts.push({ row, key: '#language', value: language.toLowerCase() });
  for (const [row, field] of (metadata ?? []).entries()) {
    const decoded = field === null ? undefined : decodeMetadata(field);
    if (decoded === undefined || typeof decoded === 'string') continue;
    for (const key of Object.keys(decoded)) facts.push({ row, key, value: decoded[key]! });
  }
  return facts;
}

export const embeddingKind: Kind<EmbeddingBody> = {
  name: 'embedding/1',
  describe: 'Vectors of one space, with or without the texts that they stand for.',
  maxBytes: limits.bodyMaxBytes,
  schema: schema.json,
  shownFrom: ['input_reference', 'texts'],
  parse: (_header, body) => parseEmbedding(body),
  vectors: (body) => ({ space: body.space, stored: body.embedding }),
  facts: factsOf,
  passages: (body) =>
    body.input_reference.map((reference, row): Passage | undefined => {
      const passage = body.texts?.[row];
      if (passage === null || passage === undefined) return undefined;
      return {
        text: passage,
        origin: reference.origin,
        ...(reference.heading === undefined ? {} : { heading: reference.heading }),
        ...(reference.language === undefined ? {} : { language: reference.language }),
      };
    }),
  origins: (body) => body.input_reference,
};

/** Hexadecimal form of a row's input hash, as people compare it; empty where there is none. */
export function inputHash(reference: InputReference): string {
  return reference.hash === null ? '' : toHex(reference.hash);
}
