import { Cid, cidOf, DAG_CBOR, RAW } from '../codec/cid.js';
import { encode } from '../codec/encode.js';
import { isMap, type Value, type ValueMap } from '../codec/value.js';
import { sha256 } from '../crypto/hash.js';
import { openBlock } from '../block/check.js';
import { CosmicError } from '../errors.js';

/** A block of an archive: CIDs of its envelope (raw), its header and its body; the last two null where there is none of its own. */
export type Entry = readonly [envelope: Cid, header: Cid | null, body: Cid | null];

/** Entries in one part of the manifest: about 120 kB. */
export const PART_ENTRIES = 1000;

export const ARCHIVE_TYPE = 'cosmicembeddings/archive/1';

export interface Section {
  readonly cid: Cid;
  readonly bytes: Uint8Array;
}

/** The sections of one block and its entry. @throws CosmicError for bytes that are no block */
export function sectionsOf(wire: Uint8Array): { readonly entry: Entry; readonly sections: readonly Section[] } {
  if (wire[0] === 0x7b) {
    const cid = cidOf(RAW, sha256(wire));
    return { entry: [cid, null, null], sections: [{ cid, bytes: wire }] };
  }
  const opened = openBlock(wire);
  if (opened.status === 'rejected') throw new CosmicError(opened.code, opened.detail);
  const { envelope, header, headerBytes, body } = opened.block;
  const sections: Section[] = [
    { cid: cidOf(RAW, sha256(envelope)), bytes: envelope },
    { cid: cidOf(DAG_CBOR, sha256(headerBytes)), bytes: headerBytes },
  ];
  if (body !== null) sections.push({ cid: header.body, bytes: body });
  return { entry: [sections[0]!.cid, sections[1]!.cid, body === null ? null : header.body], sections };
}

function sectionOf(value: Value): Section {
  const bytes = encode(value);
  return { cid: cidOf(DAG_CBOR, sha256(bytes)), bytes };
}

export function partOf(entries: readonly Entry[]): Section {
  return sectionOf({ blocks: entries as unknown as Value });
}

export function rootOf(parts: readonly Cid[], blocks: number): Section {
  return sectionOf({ type: ARCHIVE_TYPE, blocks, parts });
}

/** The parts that a root names, or undefined when `value` is no root. */
export function readRoot(value: Value): readonly Cid[] | undefined {
  if (!isMap(value) || value['type'] !== ARCHIVE_TYPE) return undefined;
  const parts = value['parts'];
  return isList(parts) && parts.every((part) => part instanceof Cid) ? (parts as readonly Cid[]) : undefined;
}

/** The entries of a part, or undefined when `value` is none. */
export function readPart(value: Value): readonly Entry[] | undefined {
  const blocks = isMap(value) ? (value as ValueMap)['blocks'] : undefined;
  return isList(blocks) && blocks.every(isEntry) ? (blocks as unknown as readonly Entry[]) : undefined;
}

function isList(value: Value | undefined): value is readonly Value[] {
  return Array.isArray(value);
}

function isEntry(value: Value): boolean {
  return (
    isList(value) &&
    value.length === 3 &&
    value[0] instanceof Cid &&
    value.slice(1).every((item) => item === null || item instanceof Cid)
  );
}
