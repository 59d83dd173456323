import { closeSync, openSync, readSync } from 'node:fs';

/** Bytes of a file that no value stands in: what was deleted may still be there. */
export interface DeadSpace {
  readonly offset: number;
  readonly bytes: Uint8Array;
}

const HEADER_BYTES = 100;
const enum Page {
  interiorIndex = 2,
  interiorTable = 5,
  leafIndex = 10,
  leafTable = 13,
}

/**
 * The unused parts of a SQLite file (sqlite.org/fileformat2.html): free pages, gaps and free blocks within pages, and what is
 * behind the end of an overflowing value. `roots`: first pages of all tables and indexes. Zeros alone are left out.
 * The file must be nobody's at the moment, its log empty.
 */
export function* deadSpaceOf(path: string, roots: readonly number[]): Generator<DeadSpace> {
  const file = openSync(path, 'r');
  try {
    const header = read(file, 0, HEADER_BYTES);
    if (header.length < HEADER_BYTES) return;
    const pageBytes = header.readUInt16BE(16) === 1 ? 65_536 : header.readUInt16BE(16);
    const usable = pageBytes - header[20]!;
    const page = (number: number): Buffer => read(file, (number - 1) * pageBytes, pageBytes);
    const dead = function* (number: number, bytes: Buffer, from: number, to: number): Generator<DeadSpace> {
      const part = bytes.subarray(from, to);
      if (part.some((byte) => byte !== 0)) yield { offset: (number - 1) * pageBytes + from, bytes: part };
    };
    for (let trunk = header.readUInt32BE(32); trunk !== 0;) {
      const bytes = page(trunk);
      const leaves = bytes.readUInt32BE(4);
      yield* dead(trunk, bytes, 8 + 4 * leaves, usable);
      for (let i = 0; i < leaves; i++) {
        const leaf = bytes.readUInt32BE(8 + 4 * i);
        yield* dead(leaf, page(leaf), 0, usable);
      }
      trunk = bytes.readUInt32BE(0);
    }
    const waiting = [...new Set([1, ...roots])];
    for (let number = waiting.pop(); number !== undefined; number = waiting.pop()) {
      const bytes = page(number);
      const start = number === 1 ? HEADER_BYTES : 0;
      const type = bytes[start]! as Page;
      const isInterior = type === Page.interiorIndex || type === Page.interiorTable;
      const cells = bytes.readUInt16BE(start + 3);
      const pointers = start + (isInterior ? 12 : 8);
      const content = bytes.readUInt16BE(start + 5) || 65_536;
      yield* dead(number, bytes, pointers + 2 * cells, content);
      for (let at = bytes.readUInt16BE(start + 1); at !== 0;) {
        const size = bytes.readUInt16BE(at + 2);
        yield* dead(number, bytes, at + 4, at + size);
        at = bytes.readUInt16BE(at);
      }
      if (isInterior) waiting.push(bytes.readUInt32BE(start + 8));
      for (let i = 0; i < cells; i++) {
        const cell = bytes.readUInt16BE(pointers + 2 * i);
        if (isInterior) waiting.push(bytes.readUInt32BE(cell));
        const overflow = overflowOf(bytes, cell, type, usable);
        if (overflow === undefined) continue;
        let { left } = overflow;
        for (let next = overflow.page; next !== 0;) {
          const held = page(next);
          if (left < usable - 4) yield* dead(next, held, 4 + left, usable);
          left -= Math.min(left, usable - 4);
          next = held.readUInt32BE(0);
        }
      }
    }
  } finally {
    closeSync(file);
  }
}

/** Where a cell's value goes on, and how many bytes of it are not in the cell; section 1.6. */
function overflowOf(
  bytes: Buffer,
  cell: number,
  type: Page,
  usable: number,
): { readonly page: number; readonly left: number } | undefined {
  if (type === Page.interiorTable) return undefined;
  const start = type === Page.interiorIndex ? cell + 4 : cell;
  const [payload, afterSize] = varint(bytes, start);
  const at = type === Page.leafTable ? varint(bytes, afterSize)[1] : afterSize;
  const most = type === Page.leafTable ? usable - 35 : Math.floor(((usable - 12) * 64) / 255) - 23;
  if (payload <= most) return undefined;
  const least = Math.floor(((usable - 12) * 32) / 255) - 23;
  const wanted = least + ((payload - least) % (usable - 4));
  const local = wanted <= most ? wanted : least;
  return { page: bytes.readUInt32BE(at + local), left: payload - local };
}

function varint(bytes: Buffer, at: number): readonly [value: number, next: number] {
  let value = 0;
  for (let i = 0; i < 8; i++) {
    const byte = bytes[at + i]!;
    value = value * 128 + (byte & 127);
    if (byte < 128) return [value, at + i + 1];
  }
  return [value * 256 + bytes[at + 8]!, at + 9];
}

function read(file: number, offset: number, length: number): Buffer {
  const bytes = Buffer.alloc(length);
  return bytes.subarray(0, readSync(file, bytes, 0, length, offset));
}
