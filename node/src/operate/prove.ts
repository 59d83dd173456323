import { closeSync, openSync, readdirSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { contentOf, decode, unpackRow, type Registry, type StoredBlock } from '@cosmicembeddings/sdk';

/** Byte strings that must be gone, each with a name for people. */
export interface Needle {
  readonly what: string;
  readonly bytes: Uint8Array;
}

export interface Trace {
  /** Path below the folder. */
  readonly file: string;
  readonly offset: number;
  readonly what: string;
}

const WINDOW_BYTES = 32;
const WINDOWS_MAX = 64;
const CHUNK_BYTES = 4 * 1024 * 1024;

/**
 * What to look for after a block was erased: its texts and windows of its body. Windows lie close enough that any copy
 * of more than a few hundred bytes of a usual body holds one whole. Take them before erasing.
 */
export function needlesOf(block: StoredBlock, registry: Registry): Needle[] {
  const source = block.body ?? (block.format === 'python/1' ? block.envelope : null);
  if (source === null) return [];
  const needles: Needle[] = windowsOf(source, block.id);
  const { passages, vectors } = contentOf(block, registry);
  for (const passage of passages)
    if (passage !== undefined && passage.text.length >= 8)
      needles.push({ what: `text of ${block.id}`, bytes: new TextEncoder().encode(passage.text) });
  if (vectors !== undefined) {
    needles.push(...windowsOf(vectors.stored.bytes, `${block.id}, vectors`));
    // Indexes keep rows as float32, whatever the block stores.
    for (const row of new Set([0, vectors.stored.rows - 1]))
      needles.push(
        ...windowsOf(bytesOf(unpackRow(vectors.stored, vectors.space.dims, row)), `${block.id}, row ${row} as float32`),
      );
  }
  if (block.body !== null) needles.push(saltOf(block));
  return needles;
}

/** The salt is random, so its bytes stand nowhere by chance. */
function saltOf({ id, body }: StoredBlock): Needle {
  return { what: `salt of ${id}`, bytes: ((decode(body!) as { salt?: Uint8Array }).salt ?? new Uint8Array(0)).slice() };
}

function bytesOf(row: Float32Array): Uint8Array {
  return new Uint8Array(row.buffer, row.byteOffset, row.byteLength);
}

function windowsOf(bytes: Uint8Array, id: string): Needle[] {
  const size = Math.min(WINDOW_BYTES, bytes.length);
  const count = Math.max(1, Math.min(WINDOWS_MAX, Math.floor(bytes.length / 128)));
  return Array.from({ length: count }, (_, i) => {
    const at = count === 1 ? 0 : Math.floor((i * (bytes.length - size)) / (count - 1));
    return { what: `bytes ${at}–${at + size} of ${id}`, bytes: bytes.slice(at, at + size) };
  }).filter(({ bytes: window }) => new Set(window).size > 4);
}

/** Looks through every file of a folder, however large, for the given bytes. */
export function scanFolder(folder: string, needles: readonly Needle[]): Trace[] {
  const wanted = needles
    .filter(({ bytes }) => bytes.length > 0)
    .map(({ what, bytes }) => ({ what, bytes: Buffer.from(bytes) }));
  const overlap = Math.max(0, ...wanted.map(({ bytes }) => bytes.length - 1));
  return filesBelow(folder).flatMap((file) =>
    scanFile(join(folder, file), wanted, overlap).map((trace) => ({ ...trace, file })),
  );
}

function filesBelow(folder: string): string[] {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name).slice(folder.length + 1));
}

function scanFile(
  path: string,
  wanted: readonly { readonly what: string; readonly bytes: Buffer }[],
  overlap: number,
): Omit<Trace, 'file'>[] {
  const traces: Omit<Trace, 'file'>[] = [];
  const buffer = Buffer.alloc(CHUNK_BYTES + overlap);
  const file = openSync(path, 'r');
  try {
    let kept = 0;
    for (let start = 0; ;) {
      const read = readSync(file, buffer, kept, CHUNK_BYTES, null);
      if (read === 0) return traces;
      const chunk = buffer.subarray(0, kept + read);
      for (const { what, bytes } of wanted) {
        const at = chunk.indexOf(bytes);
        // A find that lies in the overlap alone was reported with the previous chunk.
        if (at >= 0 && at + bytes.length > kept) traces.push({ what, offset: start + at });
      }
      const next = Math.min(overlap, chunk.length);
      chunk.copyWithin(0, chunk.length - next);
      start += chunk.length - next;
      kept = next;
    }
  } finally {
    closeSync(file);
  }
}
