import { closeSync, openSync, readdirSync, readSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { windowBytes } from './fields.js';
import { scanBytes, type FingerprintSet } from './fingerprints.js';

const CHUNK_BYTES = 4 * 1024 * 1024;

/** Looks at every byte of a file. `found`: a fingerprint's index and where it stands. */
export function scanFile(path: string, set: FingerprintSet, found: (index: number, offset: number) => void): number {
  const overlap = windowBytes - 1;
  const buffer = Buffer.alloc(CHUNK_BYTES + overlap);
  const file = openSync(path, 'r');
  try {
    let kept = 0;
    for (let start = 0; ;) {
      const read = readSync(file, buffer, kept, CHUNK_BYTES, null);
      if (read === 0) return start + kept;
      const chunk = buffer.subarray(0, kept + read);
      scanBytes(chunk, set, (index, offset) => found(index, start + offset));
      const next = Math.min(overlap, chunk.length);
      chunk.copyWithin(0, chunk.length - next);
      start += chunk.length - next;
      kept = next;
    }
  } finally {
    closeSync(file);
  }
}

/** Of all files below a folder. */
export function bytesBelow(folder: string): number {
  return filesBelow(folder).reduce((sum, file) => sum + statSync(join(folder, file)).size, 0);
}

/** Every file below a folder, as paths below it. */
export function filesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name).slice(folder.length + 1))
    .sort();
}
