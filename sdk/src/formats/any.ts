import type { BlockFormat, CatalogueEntry, CheckedBlock, Checks } from '../block/index.js';
import { rejected, type Rejected } from '../errors.js';
import type { KindHeader, Registry } from '../kinds/index.js';
import type { BlockContent, Format, ShownContent } from './format.js';
import { nativeFormat } from './native.js';
import { pythonFormat } from './python.js';

/** Every format of blocks; a new one is a line here. */
export const formats: readonly Format[] = [nativeFormat, pythonFormat];

/** The format that `wire` is written in, by its first byte. */
export function formatOf(wire: Uint8Array): Format | undefined {
  const first = wire[0];
  return first === undefined ? undefined : formats.find((format) => format.leads(first));
}

export function formatNamed(name: BlockFormat): Format {
  const found = formats.find((format) => format.name === name);
  if (found === undefined) throw new RangeError(`no such format: ${name}`);
  return found;
}

/** Judges one block of whatever format: the same verdict at every node. */
export function checkAny(wire: Uint8Array, checks: Checks): CheckedBlock | Rejected {
  const format = formatOf(wire);
  if (format === undefined)
    return rejected(
      'block.malformed',
      wire.length === 0 ? 'no bytes' : `first byte ${wire[0]} begins no format of blocks`,
    );
  return format.check(wire, checks);
}

/** What a stored block holds for followers. */
export function contentOf(
  stored: {
    readonly format: BlockFormat;
    readonly envelope: Uint8Array;
    readonly body: Uint8Array | null;
    readonly entry?: KindHeader;
  },
  registry: Registry,
): BlockContent {
  return formatNamed(stored.format).content(stored.envelope, stored.body, registry, stored.entry);
}

/** Its texts: one for each row where there are rows. */
export function textsOf(stored: Parameters<typeof shownOf>[0], registry: Registry): readonly (string | undefined)[] {
  return shownOf(stored, registry).passages.map((passage) => passage?.text);
}

/** What a stored block says for people. */
export function shownOf(
  stored: {
    readonly format: BlockFormat;
    readonly envelope: Uint8Array;
    readonly body: Uint8Array | null;
    readonly entry: CatalogueEntry;
  },
  registry: Registry,
): ShownContent {
  const { format, envelope, body, entry } = stored;
  return formatNamed(format).shown(envelope, entry.inert === undefined ? body : null, registry, entry);
}
