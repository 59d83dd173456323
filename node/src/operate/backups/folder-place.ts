import { existsSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { open, readFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { CosmicError } from '@cosmicembeddings/sdk';
import { makeFolder, syncPath } from '../../store/durable.js';
import type { Place } from './place.js';

/** Objects as files. A file appears under its name when it is whole and durable. */
export function folderPlace(folder: string): Place {
  const root = resolve(folder);
  const pathOf = (name: string): string => join(root, name);
  return {
    label: root,
    read: (name) =>
      readFile(pathOf(name)).catch((error: NodeJS.ErrnoException) => {
        if (error.code === 'ENOENT') return undefined;
        throw unreachable(root, error);
      }),
    async write(name, bytes) {
      const path = pathOf(name);
      const draft = `${path}.part`;
      try {
        makeFolder(dirname(path));
        const file = await open(draft, 'w', 0o600);
        try {
          await file.writeFile(bytes);
          await file.sync();
        } finally {
          await file.close();
        }
        renameSync(draft, path);
        syncPath(dirname(path));
      } catch (error) {
        discard(draft);
        throw unreachable(root, error as NodeJS.ErrnoException);
      }
    },
    list(prefix) {
      const under = prefix.slice(0, prefix.lastIndexOf('/') + 1);
      const path = pathOf(under);
      if (!existsSync(path)) return Promise.resolve([]);
      const names = readdirSync(path, { withFileTypes: true }).flatMap((one) =>
        one.isFile() && !one.name.endsWith('.part') ? [under + one.name] : [],
      );
      return Promise.resolve(names.filter((name) => name.startsWith(prefix)).sort());
    },
    discardDrafts() {
      if (existsSync(root))
        for (const name of readdirSync(root, { recursive: true, encoding: 'utf8' }))
          if (name.endsWith('.part')) discard(pathOf(name));
      return Promise.resolve();
    },
    remove(name) {
      rmSync(pathOf(name), { force: true });
      return Promise.resolve();
    },
  };
}

function discard(draft: string): void {
  try {
    rmSync(draft, { force: true });
  } catch {
    // Where not even that can be looked at, the fault that led here is told.
  }
}

function unreachable(root: string, error: NodeJS.ErrnoException): CosmicError {
  if (error.code === 'ENOSPC') return new CosmicError('node.storage_full', root, { cause: error });
  return new CosmicError('backup.unreachable', `${root}: ${error.message}`, { cause: error });
}
