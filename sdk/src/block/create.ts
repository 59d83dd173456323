import { concatBytes } from '../bytes.js';
import { cidOf, DAG_CBOR } from '../codec/cid.js';
import { encode } from '../codec/encode.js';
import type { ValueMap } from '../codec/value.js';
import { didOf, type Signer } from '../crypto/identity.js';
import { sha256 } from '../crypto/hash.js';
import { CosmicError } from '../errors.js';
import { limits } from '../limits.js';
import type { FieldsOf, KindName } from '../kinds/fields.js';
import type { KindHeader } from '../kinds/kind.js';
import { readBody } from '../kinds/read-body.js';
import type { Registry } from '../kinds/registry.js';
import { signedBytes, writeEnvelope } from './envelope.js';
import { encodeHeader, encodeRefs } from './header.js';
import type { BlockId, Header, ObserverLocation, Ref } from './types.js';
import { decodeBody } from './check.js';

export interface NewBlock<K extends KindName = KindName> {
  /** Of the core, else `customKind(name)`. */
  readonly kind: K;
  /** The kind's own fields. */
  readonly fields: FieldsOf<K>;
  readonly tags?: readonly string[];
  readonly links?: readonly Ref[];
  readonly refs?: readonly Ref[];
  readonly prev?: BlockId;
  /** Claimed time, ms since the epoch. */
  readonly timeMs: number;
  /** Claimed place; without one the stamp is geocentric. */
  readonly place?: ObserverLocation;
}

export interface Author {
  readonly signer: Signer;
  readonly network: string;
  readonly registry: Registry;
  /** Makes the stamp for a time and place. */
  readonly sky: { stamp(at: { readonly timeMs: number; readonly place?: ObserverLocation }): unknown };
  /** 16 fresh random bytes a call: they keep an erased body from being guessed. */
  salt(): Uint8Array;
  /** Is told `publicationNotice` once, before this author's first block with vectors. */
  notice?(text: string): void;
}

/** What every author should know before the first publication. */
export const publicationNotice =
  'Embeddings reveal their text: anybody who can query the same model can recover much of it from the vectors alone. ' +
  'A published block is copied by others and cannot be withdrawn everywhere. Seal what only some should read (sealed/1).';

const noticed = new WeakSet<Author>();

export interface CreatedBlock {
  readonly id: BlockId;
  /** Envelope and body: what is published. */
  readonly wire: Uint8Array;
  readonly header: Header;
}

/**
 * Makes and signs a native block. The kind's schema is enforced here, at the author's door.
 * @throws CosmicError kind.unknown, the kind's own code, block.bad_body, block.too_large
 */
export async function createBlock<K extends KindName>(block: NewBlock<K>, author: Author): Promise<CreatedBlock> {
  const kind = author.registry.kind(block.kind);
  if (kind === undefined) throw new CosmicError('kind.unknown', block.kind);
  const body = encode({
    ...(block.fields as unknown as ValueMap),
    salt: author.salt(),
    tags: block.tags ?? [],
    linked_blocks: encodeRefs(block.links ?? []),
  });
  const decoded = decodeBody(body);
  if (decoded.status === 'rejected') throw new CosmicError(decoded.code, decoded.detail);
  if (body.length > kind.maxBytes)
    throw new CosmicError('block.too_large', `body: ${body.length} bytes, ${kind.name} allows ${kind.maxBytes}`);
  const parsed = readBody(kind, kindHeaderOf(block, author), decoded.body, body.length);
  if (!parsed.ok) throw new CosmicError(parsed.code, parsed.detail);
  if (author.notice !== undefined && !noticed.has(author) && kind.vectors?.(parsed.body) !== undefined) {
    noticed.add(author);
    author.notice(publicationNotice);
  }
  const header = headerOf(block, author, body);
  const headerBytes = encodeHeader(header);
  if (headerBytes.length > limits.headerMaxBytes)
    throw new CosmicError('block.too_large', `header: ${headerBytes.length} bytes`);
  const signature = await author.signer.sign(signedBytes(headerBytes, author.network));
  return {
    id: cidOf(DAG_CBOR, sha256(headerBytes)).text,
    wire: concatBytes(writeEnvelope(headerBytes, signature), body),
    header,
  };
}

function kindHeaderOf({ kind, timeMs, refs = [], prev }: NewBlock, { signer }: Author): KindHeader {
  return { kind, author: didOf(signer.publicKey), timeMs, refs, ...(prev === undefined ? {} : { prev }) };
}

function headerOf(block: NewBlock, author: Author, body: Uint8Array): Header {
  const at = { timeMs: block.timeMs, ...(block.place === undefined ? {} : { place: block.place }) };
  return {
    version: 2,
    kind: block.kind,
    created_by: didOf(author.signer.publicKey),
    timestamp: block.timeMs,
    ...(block.place === undefined ? {} : { observer_location: block.place }),
    cosmic_signature: author.sky.stamp(at) as ValueMap,
    ...(block.prev === undefined ? {} : { prev: block.prev }),
    ...(block.refs === undefined || block.refs.length === 0 ? {} : { refs: block.refs }),
    body: cidOf(DAG_CBOR, sha256(body)),
    body_bytes: body.length,
  };
}
