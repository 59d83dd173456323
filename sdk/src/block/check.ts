import { equalBytes } from '../bytes.js';
import { cidOf, DAG_CBOR } from '../codec/cid.js';
import { decode, DecodeError } from '../codec/decode.js';
import type { ValueMap } from '../codec/value.js';
import { publicKeyOfDid } from '../crypto/identity.js';
import type { Sha256 } from '../crypto/hash.js';
import type { Verify } from '../crypto/ed25519.js';
import { rejected, type Code, type Rejected } from '../errors.js';
import type { Kind, KindHeader, Passage } from '../kinds/kind.js';
import { readBody, thrownBy } from '../kinds/read-body.js';
import type { Registry } from '../kinds/registry.js';
import { limits } from '../limits.js';
import { spaceIdOf } from '../space/descriptor.js';
import { readEnvelope, signedBytes } from './envelope.js';
import { commonBodySchema, decodeHeader, refsOf } from './header.js';
import type { CatalogueEntry, CheckedBlock, Header, ObserverLocation } from './types.js';

/** The sky's verdict on a stamp; `marginal`: off by less than twice the tolerance, which costs a peer nothing. */
export type SkyVerdict =
  | { readonly ok: true }
  | { readonly ok: false; readonly code: Code; readonly detail: string; readonly marginal: boolean };

/** What checking needs from its host; `checksOf` in sdk/src/index.ts gives the portable set. */
export interface Checks {
  readonly network: string;
  readonly registry: Registry;
  readonly verify: Verify;
  readonly sha256: Sha256;
  readonly sky: {
    check(stamp: unknown, at: { readonly timeMs: number; readonly place?: ObserverLocation }): SkyVerdict;
  };
}

/** A decoded native block whose signature and hashes were not looked at yet. */
export interface OpenedBlock {
  readonly header: Header;
  readonly headerBytes: Uint8Array;
  readonly signature: Uint8Array;
  readonly envelope: Uint8Array;
  readonly body: Uint8Array | null;
}

/** Where one block of a CBOR sequence ends, and its parts, without judging more than the framing and the header. */
export function openBlock(wire: Uint8Array): { status: 'ok'; block: OpenedBlock; end: number } | Rejected {
  const read = readEnvelope(wire);
  if (read.status === 'rejected') return read;
  const { header: headerBytes, signature, end } = read.envelope;
  const decoded = decodeHeader(headerBytes);
  if (decoded.status === 'rejected') return decoded;
  const envelope = wire.subarray(0, end);
  const gone = wire[end] === 0xf6;
  const bodyEnd = gone ? end + 1 : end + decoded.header.body_bytes;
  if (wire.length < bodyEnd)
    return rejected('block.malformed', `body: ${decoded.header.body_bytes} bytes expected, ${wire.length - end} there`);
  const body = gone ? null : wire.subarray(end, bodyEnd);
  return { status: 'ok', block: { header: decoded.header, headerBytes, signature, envelope, body }, end: bodyEnd };
}

/**
 * The network's judgement of one native block: framing, header, signature, body hash, common body fields, sky. A
 * function of the bytes alone, so all nodes agree. Cheap checks come first.
 */
export function checkBlock(wire: Uint8Array, checks: Checks): CheckedBlock | Rejected {
  const opened = openBlock(wire);
  if (opened.status === 'rejected') return opened;
  if (opened.end !== wire.length)
    return rejected('block.malformed', `${wire.length - opened.end} bytes after the block`);
  return judge(opened.block, checks);
}

/** As `checkBlock`, for a block that `openBlock` has taken apart. */
export function judge(block: OpenedBlock, checks: Checks): CheckedBlock | Rejected {
  const { header, headerBytes, body } = block;
  let common: ValueMap | undefined;
  if (body !== null) {
    if (!equalBytes(checks.sha256(body), header.body.digest!))
      return rejected('block.body_mismatch', `body is not ${header.body.text}`);
    const decoded = decodeBody(body);
    if (decoded.status === 'rejected') return decoded;
    common = decoded.body;
  }
  const author = publicKeyOfDid(header.created_by)!;
  if (!checks.verify(block.signature, signedBytes(headerBytes, checks.network), author))
    return rejected('block.bad_signature', `author ${header.created_by}, network ${checks.network || '(public)'}`);
  const verdict = checks.sky.check(header.cosmic_signature, {
    timeMs: header.timestamp,
    ...(header.observer_location === undefined ? {} : { place: header.observer_location }),
  });
  if (!verdict.ok)
    return { ...rejected(verdict.code, verdict.detail), ...(verdict.marginal ? { marginal: true } : {}) };
  const digest = checks.sha256(headerBytes);
  return {
    status: 'checked',
    id: cidOf(DAG_CBOR, digest).text,
    digest,
    format: 'native/2',
    timeMs: header.timestamp,
    entry: entryOf(header, common, body?.length ?? 0, checks.registry),
    envelope: block.envelope,
    body,
    headerOnly: body === null,
  };
}

/** Strict decoding of body bytes and of the fields that all bodies share. */
export function decodeBody(bytes: Uint8Array): { status: 'ok'; body: ValueMap } | Rejected {
  if (bytes.length > limits.bodyMaxBytes)
    return rejected('block.too_large', `body: ${bytes.length} bytes, at most ${limits.bodyMaxBytes}`);
  try {
    const body = decode(bytes, { nestingMax: limits.nestingMax });
    const fault = commonBodySchema(body, 'body');
    return fault === undefined ? { status: 'ok', body: body as ValueMap } : rejected('block.bad_body', fault);
  } catch (error) {
    if (error instanceof DecodeError) return rejected('block.malformed', `body: ${error.message}`);
    throw error;
  }
}

/** What the catalogue keeps of a block. A kind that is unknown, or a body that does not fit it, makes it inert. */
function entryOf(header: Header, body: ValueMap | undefined, bodyBytes: number, registry: Registry): CatalogueEntry {
  const base = kindHeader(header);
  if (body === undefined) return { ...base, tags: [], links: [], rows: 0 };
  const common = { ...base, tags: body['tags'] as readonly string[], links: refsOf(body['linked_blocks']!) };
  const kind = registry.kind(header.kind);
  if (kind === undefined) return { ...common, rows: 0, inert: { code: 'kind.unknown', detail: header.kind } };
  const parsed = readBody(kind, base, body, bodyBytes);
  if (!parsed.ok) return { ...common, rows: 0, inert: { code: parsed.code, detail: parsed.detail } };
  try {
    return { ...common, ...contentOf(kind, parsed.body) };
  } catch (error) {
    return { ...common, rows: 0, inert: { code: 'kind.malformed', detail: thrownBy(kind, error) } };
  }
}

/** What a kind finds in a body that it takes. @throws what the kind throws */
function contentOf(
  kind: Kind,
  body: unknown,
): Pick<CatalogueEntry, 'rows' | 'space' | 'descriptor' | 'languages' | 'facts'> {
  const vectors = kind.vectors?.(body);
  const languages = languagesOf(kind.passages?.(body));
  const facts = kind.facts?.(body) ?? [];
  return {
    ...(languages.length === 0 ? {} : { languages }),
    ...(facts.length === 0 ? {} : { facts }),
    ...(vectors === undefined
      ? { rows: 0 }
      : { rows: vectors.stored.rows, space: spaceIdOf(vectors.space), descriptor: vectors.space }),
  };
}

/** What kinds see of a header. */
export function kindHeader({ created_by, kind, timestamp, refs = [], prev }: Header): KindHeader {
  return { author: created_by, kind, timeMs: timestamp, refs, ...(prev === undefined ? {} : { prev }) };
}

/**
 * What the catalogue keeps of a block that was checked before, by the kinds of this registry: the same that checking it
 * would give. @throws for bytes that never were a block
 */
export function classify(envelope: Uint8Array, body: Uint8Array | null, registry: Registry): CatalogueEntry {
  const read = readEnvelope(envelope);
  const header = read.status === 'rejected' ? read : decodeHeader(read.envelope.header);
  const common = body === null ? undefined : decodeBody(body);
  if (header.status === 'rejected') throw new TypeError(header.detail);
  if (common?.status === 'rejected') throw new TypeError(common.detail);
  return entryOf(header.header, common?.body, body?.length ?? 0, registry);
}

function languagesOf(passages: readonly (Passage | undefined)[] | undefined): string[] {
  const languages = new Set<string>();
  for (const passage of passages ?? [])
    if (passage?.language !== undefined) languages.add(passage.language.toLowerCase());
  return [...languages];
}
