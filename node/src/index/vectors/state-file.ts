import { closeSync, fsyncSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { crc32 } from 'node:zlib';

/**
 * A small file that is right or absent: magic, length of a JSON head, head, binary sections, CRC-32 of all before.
 * Written beside its place, fsynced, renamed over it, and the folder fsynced: a crash leaves the old one or the new one.
 */
export interface StateFile<Head> {
  readonly head: Head;
  readonly sections: readonly Uint8Array[];
}

const MAGIC = 'CEIX0001';

/**
 * `durable: false` leaves out both fsyncs, for files that are cheap to make again: after a power loss such a file may be
 * the old one or fail its checksum, never pass it wrongly.
 */
export function writeStateFile<Head>(path: string, state: StateFile<Head>, durable = true): void {
  const head = Buffer.from(
    JSON.stringify({ head: state.head, sizes: state.sections.map((section) => section.length) }),
  );
  const length = Buffer.alloc(4);
  length.writeUInt32LE(head.length);
  const parts = [Buffer.from(MAGIC), length, head, ...state.sections];
  let crc = 0;
  const temporary = `${path}.new`;
  const fd = openSync(temporary, 'w', 0o600);
  try {
    for (const part of parts) {
      crc = crc32(part, crc);
      writeWhole(fd, part);
    }
    const tail = Buffer.alloc(4);
    tail.writeUInt32LE(crc >>> 0);
    writeWhole(fd, tail);
    if (durable) fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
  renameSync(temporary, path);
  if (durable) syncFolder(dirname(path));
}

/** Undefined when the file is absent, cut short, changed, or of another version. */
export function readStateFile<Head>(path: string): StateFile<Head> | undefined {
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
  } catch {
    return undefined;
  }
  if (bytes.length < 16 || bytes.toString('latin1', 0, 8) !== MAGIC) return undefined;
  const end = bytes.length - 4;
  if (crc32(bytes.subarray(0, end)) >>> 0 !== bytes.readUInt32LE(end)) return undefined;
  let at = 12 + bytes.readUInt32LE(8);
  const { head, sizes } = JSON.parse(bytes.toString('utf8', 12, at)) as { head: Head; sizes: number[] };
  // Copies, so that typed arrays over them are aligned and the whole file is not kept alive.
  const sections = sizes.map((size) => Uint8Array.from(bytes.subarray(at, (at += size))));
  return { head, sections };
}

export function syncFolder(path: string): void {
  const fd = openSync(path, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

function writeWhole(fd: number, bytes: Uint8Array): void {
  for (let done = 0; done < bytes.length;) done += writeSync(fd, bytes, done);
}
