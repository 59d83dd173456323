import { checkBlock, readEnvelope, toJson } from '../block/index.js';
import { decode, type ValueMap } from '../codec/index.js';
import type { Registry } from '../kinds/index.js';
import type { BlockContent, Format } from './format.js';

/** COSE tag 18. */
const FIRST = 0xd2;

export const nativeFormat: Format = {
  name: 'native/2',
  leads: (first) => first === FIRST,
  check: checkBlock,
  content,
  toJson: (wire, vectors) => toJson(wire, { vectors }),
};

/** The header is decoded only where the stamp's name is asked for, or where nobody knows the kind. */
function content(
  envelope: Uint8Array,
  body: Uint8Array | null,
  registry: Registry,
  kindName = headerOf(envelope)?.['kind'] as string | undefined,
): BlockContent {
  const kind = kindName === undefined || body === null ? undefined : registry.kind(kindName);
  const parsed = kind?.parse(decode(body!) as ValueMap);
  const own = parsed?.ok === true ? parsed.body : undefined;
  const vectors = own === undefined ? undefined : kind!.vectors?.(own);
  return {
    passages: own === undefined ? [] : (kind!.passages?.(own) ?? []),
    ...(vectors === undefined ? {} : { vectors }),
    get skyLabel() {
      const label = (headerOf(envelope)?.['cosmic_signature'] as ValueMap | undefined)?.['label'];
      return typeof label === 'string' ? label : undefined;
    },
  };
}

function headerOf(envelope: Uint8Array): ValueMap | undefined {
  const read = readEnvelope(envelope);
  return read.status === 'rejected' ? undefined : (decode(read.envelope.header) as ValueMap);
}
