import { unzipSync, type Unzipped } from 'fflate';
import { ReadError } from './document.js';

/** Unpacked bytes that one archive may hold of what is read from it. */
export const unpackedMaxBytes = 256 * 1024 * 1024;

/** Files of a zip archive (Word, EPUB), those alone that are asked for: a small archive can hold a very large one. */
export function unzip(bytes: Uint8Array, wanted: (name: string) => boolean): Unzipped {
  let sum = 0;
  try {
    return unzipSync(bytes, {
      filter: ({ name, originalSize }) => {
        if (!wanted(name)) return false;
        sum += originalSize;
        if (sum > unpackedMaxBytes)
          throw new ReadError('read.too_large', `unpacked it is more than ${unpackedMaxBytes / 1048576} MiB`);
        return true;
      },
    });
  } catch (cause) {
    if (cause instanceof ReadError) throw cause;
    throw new ReadError('read.malformed', `no archive that can be read: ${(cause as Error).message}`, { cause });
  }
}
