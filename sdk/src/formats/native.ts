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

function content(envelope: Uint8Array, body: Uint8Array | null, registry: Registry): BlockContent {
  const read = readEnvelope(envelope);
  if (read.status === 'rejected') return { passages: [] };
  const header = decode(read.envelope.header) as ValueMap;
  const label = (header['cosmic_signature'] as ValueMap | undefined)?.['label'];
  const named = typeof label === 'string' ? { skyLabel: label } : {};
  const kind = registry.kind(header['kind'] as string);
  if (body === null || kind === undefined) return { passages: [], ...named };
  const parsed = kind.parse(decode(body) as ValueMap);
  if (!parsed.ok) return { passages: [], ...named };
  const vectors = kind.vectors?.(parsed.body);
  return { passages: kind.passages?.(parsed.body) ?? [], ...(vectors === undefined ? {} : { vectors }), ...named };
}
