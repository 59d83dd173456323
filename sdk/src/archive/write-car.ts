import { concatBytes } from '../bytes.js';
import type { Cid } from '../codec/cid.js';
import { encode } from '../codec/encode.js';
import { PART_ENTRIES, partOf, rootOf, sectionsOf, type Entry, type Section } from './manifest.js';
import { varint } from './varint.js';

/** Blocks as they are on the wire; may be asked for more than once and has to give the same ones. */
export type BlockSource = () => AsyncIterable<Uint8Array> | Iterable<Uint8Array>;

/**
 * A CAR (version 1) of blocks, piece by piece: root first, then each part of the manifest followed by its blocks, each as
 * envelope (raw), header and body (dag-cbor). Reads the source twice, as the root stands at the beginning.
 * @throws CosmicError for bytes that are no block
 */
export async function* writeCar(source: BlockSource): AsyncGenerator<Uint8Array> {
  const parts: Section[] = [];
  let count = 0;
  let entries: Entry[] = [];
  for await (const wire of source()) {
    entries.push(sectionsOf(wire).entry);
    count++;
    if (entries.length < PART_ENTRIES) continue;
    parts.push(partOf(entries));
    entries = [];
  }
  if (entries.length > 0) parts.push(partOf(entries));
  const root = rootOf(
    parts.map(({ cid }) => cid),
    count,
  );
  yield headOf(root.cid);
  yield sectionBytes(root);
  let at = 0;
  for await (const wire of source()) {
    const part = at % PART_ENTRIES === 0 ? parts[at / PART_ENTRIES] : undefined;
    if (part !== undefined) yield sectionBytes(part);
    at++;
    for (const section of sectionsOf(wire).sections) yield sectionBytes(section);
  }
}

function headOf(root: Cid): Uint8Array {
  const header = encode({ roots: [root], version: 1 });
  return concatBytes(varint(header.length), header);
}

function sectionBytes({ cid, bytes }: Section): Uint8Array {
  return concatBytes(varint(cid.bytes.length + bytes.length), cid.bytes, bytes);
}
