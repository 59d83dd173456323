import { encodeRefs } from '../block/header.js';
import type { CheckedBlock, Ref } from '../block/types.js';
import { writeEnvelope } from '../block/envelope.js';
import { utf8 } from '../bytes.js';
import { cidOf, DAG_CBOR } from '../codec/cid.js';
import { encode } from '../codec/encode.js';
import type { Value, ValueMap } from '../codec/value.js';
import { sha256 } from '../crypto/hash.js';
import { packRows, spaceIdOf, spaceNamed, toUnit, type Dtype, type SpaceDescriptor } from '../space/index.js';

/** A space of made-up vectors: what is not said of it is unknown. */
export function testSpace(model: string, dims: number, known: Partial<SpaceDescriptor> = {}): SpaceDescriptor {
  return spaceNamed(model, dims, { normalized: true, ...known });
}

/** One row of a made-up document, its text where the author gave it away. */
export interface MadeRow {
  readonly vector: ArrayLike<number>;
  readonly text?: string | null;
  readonly heading?: string;
  readonly language?: string;
  readonly origin?: string;
}

/** The fields of an `embedding/1` body. Vectors are made unit vectors where the space promises those. */
export function embeddingOf(space: SpaceDescriptor, rows: readonly MadeRow[], dtype: Dtype = 'f32'): ValueMap {
  const vectors = rows.map(({ vector }) =>
    space.normalized ? toUnit(Float32Array.from(vector)) : Float32Array.from(vector),
  );
  const hasTexts = rows.some(({ text }) => text !== undefined);
  return {
    space: { ...space } as unknown as Value,
    embedding: packRows(vectors, dtype) as unknown as Value,
    input_type: 'text',
    input_reference: rows.map(({ text, heading, language, origin }, row) => ({
      hash: sha256(utf8(text ?? `row ${row}`)),
      origin: origin ?? 'test',
      ...(heading === undefined ? {} : { heading }),
      ...(language === undefined ? {} : { language }),
    })),
    ...(hasTexts ? { texts: rows.map(({ text }) => text ?? null) } : {}),
  };
}

export interface MadeDocument {
  /** Tells it from others with the same content. */
  readonly number: number;
  readonly rows: readonly MadeRow[];
  /** Undefined: not an `embedding/1` but of the kind `kind` with `fields`, and no rows to search. */
  readonly space?: SpaceDescriptor | undefined;
  readonly kind?: string;
  readonly fields?: ValueMap;
  readonly dtype?: Dtype;
  readonly author?: string;
  readonly tags?: readonly string[];
  readonly links?: readonly Ref[];
  readonly timeMs?: number;
}

/**
 * A block as a store takes it after checking: real header and body, the envelope's signature zeros and the sky a mere
 * label, at which stores, followers and search never look.
 */
export function unsignedBlock(document: MadeDocument): CheckedBlock {
  const { number, rows, space, author = 'did:key:zA', tags = [], links = [] } = document;
  const { kind = 'embedding/1', timeMs = 1_700_000_000_000 + number } = document;
  const fields = space === undefined ? document.fields! : embeddingOf(space, rows, document.dtype);
  const salt = sha256(utf8(`salt ${number}`)).slice(0, 16);
  const body = encode({ ...fields, salt, tags, linked_blocks: encodeRefs(links) });
  const header = encode({
    version: 2,
    kind,
    created_by: author,
    timestamp: timeMs,
    cosmic_signature: { label: `Orion-${number % 360}.0` },
    body: cidOf(DAG_CBOR, sha256(body)),
    body_bytes: body.length,
  });
  const digest = sha256(header);
  const languages = [...new Set(rows.flatMap(({ language }) => language ?? []))];
  return {
    status: 'checked',
    id: cidOf(DAG_CBOR, digest).text,
    digest,
    format: 'native/2',
    timeMs,
    entry: {
      author,
      kind,
      timeMs,
      tags,
      links,
      refs: [],
      rows: space === undefined ? 0 : rows.length,
      ...(space === undefined ? {} : { space: spaceIdOf(space), descriptor: space }),
      ...(languages.length === 0 ? {} : { languages }),
    },
    envelope: writeEnvelope(header, new Uint8Array(64)),
    body,
    headerOnly: false,
  };
}
