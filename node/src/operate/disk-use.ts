import { readdir, stat, statfs } from 'node:fs/promises';
import { join } from 'node:path';

/** What a data folder takes, by its files and folders, and what is free on its disk. Bytes. */
export async function diskUse(
  folder: string,
): Promise<{ readonly used: Readonly<Record<string, number>>; readonly free: number }> {
  const { bavail, bsize } = await statfs(folder);
  const used: Record<string, number> = {};
  for (const name of await readdir(folder)) used[name] = await sizeOf(join(folder, name));
  return { used, free: bavail * bsize };
}

/** 0 for what has gone meanwhile. */
async function sizeOf(path: string): Promise<number> {
  try {
    const stats = await stat(path);
    if (!stats.isDirectory()) return stats.size;
    const sizes = await Promise.all((await readdir(path)).map((name) => sizeOf(join(path, name))));
    return sizes.reduce((sum, size) => sum + size, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return 0;
    throw error;
  }
}
