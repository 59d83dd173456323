import { closeSync, openSync, readSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { crc32 } from 'node:zlib';

const STEP_BYTES = 8 << 20;

/** CRC-32 of a file, read in steps that leave the event loop free in between. */
export async function fileCrc(path: string): Promise<number> {
  const file = await open(path, 'r');
  try {
    const buffer = new Uint8Array(STEP_BYTES);
    let crc = 0;
    for (;;) {
      const { bytesRead } = await file.read(buffer, 0, buffer.length);
      if (bytesRead === 0) return crc;
      crc = crc32(buffer.subarray(0, bytesRead), crc);
    }
  } finally {
    await file.close();
  }
}

/** The same at once, for opening. */
fileCrc.sync = (path: string): number => {
  const fd = openSync(path, 'r');
  try {
    const buffer = new Uint8Array(STEP_BYTES);
    let crc = 0;
    for (;;) {
      const read = readSync(fd, buffer, 0, buffer.length, null);
      if (read === 0) return crc;
      crc = crc32(buffer.subarray(0, read), crc);
    }
  } finally {
    closeSync(fd);
  }
};
