import { randomBytes } from 'node:crypto';
import { mkdir, open, readdir, readFile, rename } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { CosmicError } from '../../errors.js';
import { Keyring, type KeyFolder } from '../keyring.js';

/** Where keys and settings of this user are: `COSMIC_HOME`, else below the platform's folder for configuration. */
export function homeFolder(env: Readonly<Record<string, string | undefined>> = process.env): string {
  return (
    filled(env['COSMIC_HOME']) ?? join(filled(env['XDG_CONFIG_HOME']) ?? join(homedir(), '.config'), 'cosmicembeddings')
  );
}

/** What is empty is unset. */
function filled(text: string | undefined): string | undefined {
  return text === '' ? undefined : text;
}

/** The keys below `<home>/keys`; only their owner can read them. */
export function openKeyring(home: string): Keyring {
  return new Keyring(keyFolder(join(home, 'keys')), (length) => new Uint8Array(randomBytes(length)));
}

/** Text of a key file; undefined where there is none. */
export async function keyFileText(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
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
