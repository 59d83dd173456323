import { checkBlock, decodeHeader, kindHeader, readEnvelope, toJson } from '../block/index.js';
import { decode, setKey, valueUnder, type Value, type ValueMap } from '../codec/index.js';
import { readBody, type Kind, type KindHeader, type Registry } from '../kinds/index.js';
import type { BlockContent, Format, ShownContent } from './format.js';

/** COSE tag 18. */
const FIRST = 0xd2;

export const nativeFormat: Format = {
  name: 'native/2',
  leads: (first) => first === FIRST,
  check: checkBlock,
  content,
  shown,
  toJson: (wire, vectors) => toJson(wire, { vectors }),
};

/** The header is decoded only where the stamp's name is asked for, or where it is not at hand. */
function content(
  envelope: Uint8Array,
  body: Uint8Array | null,
  registry: Registry,
  header = headerOf(envelope),
): BlockContent {
  const kind = header === undefined || body === null ? undefined : registry.kind(header.kind);
  const parsed = kind === undefined ? undefined : readBody(kind, header!, decode(body!) as ValueMap, body!.length);
  const own = parsed?.ok === true ? parsed.body : undefined;
  const vectors = own === undefined ? undefined : kind!.vectors?.(own);
  return {
    passages: own === undefined ? [] : (kind!.passages?.(own) ?? []),
    ...(vectors === undefined ? {} : { vectors }),
    get skyLabel() {
      return skyLabelOf(envelope);
    },
  };
}

/** A block that passed its kind's schema when it came in is not judged again where its kind says what texts are read from. */
function shown(
  envelope: Uint8Array,
  body: Uint8Array | null,
  registry: Registry,
  header = headerOf(envelope),
): ShownContent {
  const skyLabel = skyLabelOf(envelope);
  const kind = header === undefined || body === null ? undefined : registry.kind(header.kind);
  const read = kind === undefined ? undefined : readShown(kind, header!, body!);
  return {
    passages: read === undefined ? [] : (kind!.passages?.(read) ?? []),
    origins: read === undefined ? [] : (kind!.origins?.(read) ?? []),
    ...(skyLabel === undefined ? {} : { skyLabel }),
  };
}

function readShown(kind: Kind, header: KindHeader, body: Uint8Array): unknown {
  if (kind.shownFrom === undefined) {
    const parsed = readBody(kind, header, decode(body) as ValueMap, body.length);
    return parsed.ok ? parsed.body : undefined;
  }
  const fields: Record<string, Value> = {};
  for (const name of kind.shownFrom) {
    const bytes = valueUnder(body, name);
    if (bytes !== undefined) setKey(fields, name, decode(bytes));
  }
  return fields;
}

function headerOf(envelope: Uint8Array): KindHeader | undefined {
  const read = readEnvelope(envelope);
  const decoded = read.status === 'rejected' ? undefined : decodeHeader(read.envelope.header);
  return decoded?.status === 'ok' ? kindHeader(decoded.header) : undefined;
}

function skyLabelOf(envelope: Uint8Array): string | undefined {
  const read = readEnvelope(envelope);
  const stamp = read.status === 'rejected' ? undefined : valueUnder(read.envelope.header, 'cosmic_signature');
  const label = stamp === undefined ? undefined : valueUnder(stamp, 'label');
  const value = label === undefined ? undefined : decode(label);
  return typeof value === 'string' ? value : undefined;
}
