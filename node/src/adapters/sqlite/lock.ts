import { closeSync, mkdirSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { CosmicError } from '@cosmicembeddings/sdk';

interface Holder {
  readonly pid: number;
  readonly host: string;
  readonly startedAt: string;
}

/** Takes the data folder for this process. A lock that a dead process left is taken over. @throws CosmicError store.locked */
export function lockFolder(folder: string): () => void {
  mkdirSync(folder, { recursive: true });
  const path = join(folder, 'lock');
  const own: Holder = { pid: process.pid, host: hostname(), startedAt: new Date().toISOString() };
  for (let attempt = 0; attempt < 2; attempt++) {
    try {
      const file = openSync(path, 'wx', 0o600);
      writeSync(file, JSON.stringify(own) + '\n');
      closeSync(file);
      return () => rmSync(path, { force: true });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      const holder = readHolder(path);
      if (holder !== undefined && isAlive(holder)) throw new CosmicError('store.locked', `${folder} is held by process ${holder.pid} on ${holder.host} since ${holder.startedAt}`);
      rmSync(path, { force: true });
    }
  }
  throw new CosmicError('store.locked', `${folder}: another process is taking it now`);
}

function readHolder(path: string): Holder | undefined {
  try {
    const holder = JSON.parse(readFileSync(path, 'utf8')) as Holder;
    return Number.isInteger(holder.pid) ? holder : undefined;
  } catch {
    return undefined;
  }
}

/** A process of another host cannot be asked, so it counts as alive; this very process may open its folder again only after closing it. */
function isAlive(holder: Holder): boolean {
  if (holder.host !== hostname()) return true;
  try {
    process.kill(holder.pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
