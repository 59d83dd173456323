import { Cid } from '../codec/cid.js';
import { decode, DecodeError } from '../codec/decode.js';
import { encode } from '../codec/encode.js';
import { isMap, type Value, type ValueMap } from '../codec/value.js';
import { parseCid } from '../codec/cid.js';
import { publicKeyOfDid } from '../crypto/identity.js';
import { rejected, type Rejected } from '../errors.js';
import { limits } from '../limits.js';
import { blockCid, bytes, checker, integer, list, struct, text } from '../schema/index.js';
import { isKindName } from '../kinds/registry.js';
import type { Header, Ref } from './types.js';

const anything = checker(() => undefined, {});
const rel = text(limits.relMaxBytes, { minBytes: 1, pattern: /^[a-z][a-z0-9_.-]*$/ });
const reference = struct({ rel, id: blockCid });

/** `observer_location` and `cosmic_signature` are judged by the sky check, under codes of their own. */
const schema = struct(
  {
    version: integer(2, 2),
    kind: text(limits.kindMaxBytes),
    created_by: text(128),
    timestamp: integer(0, Number.MAX_SAFE_INTEGER),
    cosmic_signature: anything,
    body: blockCid,
    body_bytes: integer(1, limits.bodyMaxBytes),
  },
  { optional: { observer_location: anything, prev: blockCid, refs: list(reference, limits.refsMax, 1) } },
);

/** Strict decoding of header bytes. */
export function decodeHeader(bytes: Uint8Array): { status: 'ok'; header: Header } | Rejected {
  if (bytes.length > limits.headerMaxBytes)
    return rejected('block.too_large', `header: ${bytes.length} bytes, at most ${limits.headerMaxBytes}`);
  let value: Value;
  try {
    value = decode(bytes, { nestingMax: limits.nestingMax });
  } catch (error) {
    if (error instanceof DecodeError) return rejected('block.malformed', `header: ${error.message}`);
    throw error;
  }
  if (isMap(value) && typeof value['version'] === 'number' && value['version'] !== 2)
    return rejected('block.unknown_version', `version ${value['version']}`);
  const fault = schema(value, 'header');
  if (fault !== undefined) return rejected('block.bad_header', fault);
  const map = value as ValueMap;
  if (!isKindName(map['kind'] as string)) return rejected('block.bad_header', `header.kind: ${map['kind'] as string}`);
  if (publicKeyOfDid(map['created_by'] as string) === undefined)
    return rejected('identity.malformed', `header.created_by: ${map['created_by'] as string}`);
  if ((map['body'] as Cid).codec !== 0x71) return rejected('block.bad_header', 'header.body: expected a dag-cbor CID');
  return { status: 'ok', header: headerOf(map) };
}

function headerOf(map: ValueMap): Header {
  const { prev, refs, ...rest } = map;
  return {
    ...(rest as unknown as Header),
    ...(prev === undefined ? {} : { prev: (prev as Cid).text }),
    ...(refs === undefined ? {} : { refs: refsOf(refs) }),
  };
}

/** Decoded `[{rel, id}]` with ids as text. */
export function refsOf(value: Value): Ref[] {
  return (value as readonly { rel: string; id: Cid }[]).map((item) => ({ rel: item.rel, id: item.id.text }));
}

export function encodeHeader(header: Header): Uint8Array {
  const { prev, refs, ...rest } = header;
  return encode({
    ...(rest as unknown as ValueMap),
    ...(prev === undefined ? {} : { prev: parseCid(prev) }),
    ...(refs === undefined ? {} : { refs: encodeRefs(refs) }),
  });
}

export function encodeRefs(refs: readonly Ref[]): ValueMap[] {
  return refs.map((ref) => ({ rel: ref.rel, id: parseCid(ref.id) }));
}

/** The fields that every body has; the rest belongs to its kind. */
export const commonBodySchema = struct(
  {
    salt: bytes(limits.saltBytes, limits.saltBytes),
    tags: list(text(limits.tagMaxBytes, { minBytes: 1 }), limits.tagsMax),
    linked_blocks: list(reference, limits.linksMax),
  },
  { open: true },
);
