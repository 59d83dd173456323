import { randomBytes } from 'node:crypto';
import { mkdir, open, readdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { CosmicError } from '@cosmicembeddings/sdk';
import { Keyring, type KeyFolder } from '@cosmicembeddings/sdk/keys';
import { keyFileText } from './author.js';

/** The keys below `<home>/keys`; only their owner can read them. */
export function openKeyring(home: string): Keyring {
  return new Keyring(keyFolder(join(home, 'keys')), (length) => new Uint8Array(randomBytes(length)));
}

function keyFolder(folder: string): KeyFolder {
  return {
    list: async () => {
      try {
        return await readdir(folder);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
        throw error;
      }
    },
    read: (file) => keyFileText(join(folder, file)),
    create: async (file, text) => {
      await mkdir(folder, { recursive: true, mode: 0o700 });
      const handle = await createNew(join(folder, file), file);
      try {
        await handle.writeFile(text);
        await handle.sync();
      } finally {
        await handle.close();
      }
    },
    rename: (from, to) => rename(join(folder, from), join(folder, to)),
  };
}

async function createNew(path: string, name: string): ReturnType<typeof open> {
  try {
    return await open(path, 'wx', 0o600);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') throw new CosmicError('key.exists', name, { cause: error });
    throw error;
  }
}
