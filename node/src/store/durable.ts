import {
  closeSync,
  existsSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { dirname, resolve } from 'node:path';

/** Makes what stands in a file, or the names in a folder, survive a loss of power. */
export function syncPath(path: string): void {
  const file = openSync(path, 'r');
  try {
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

/** Makes a folder and those above it, each durably named in the one above: else all that is synced in it can be lost. */
export function makeFolder(path: string): void {
  const missing: string[] = [];
  for (let at = resolve(path); !existsSync(at); at = dirname(at)) missing.unshift(at);
  // What is there is no folder: the system says so.
  if (missing.length === 0 && !statSync(path).isDirectory()) mkdirSync(path);
  // One by one: Node's own `recursive` never ends where the kernel makes none (below /proc).
  for (const one of missing) {
    makeOne(one);
    syncPath(dirname(one));
  }
}

function makeOne(path: string): void {
  try {
    mkdirSync(path);
  } catch (error) {
    // Somebody else was faster.
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST' || !statSync(path).isDirectory()) throw error;
  }
}

/** Puts a file in the place of whatever is there: after a loss of power there is the one or the other. */
export function replaceFile(path: string, text: string): void {
  const draft = `${path}.new`;
  writeDraft(draft, text);
  renameSync(draft, path);
  syncPath(dirname(path));
}

/** Makes a file that was not there, whole and durably; false when there is one, which stays as it is. */
export function createFile(path: string, text: string): boolean {
  const draft = `${path}.${process.pid}`;
  try {
    writeDraft(draft, text);
    linkSync(draft, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    return false;
  } finally {
    rmSync(draft, { force: true });
  }
  syncPath(dirname(path));
  return true;
}

function writeDraft(path: string, text: string): void {
  const file = openSync(path, 'w', 0o600);
  try {
    const bytes = Buffer.from(text);
    for (let done = 0; done < bytes.length;) done += writeSync(file, bytes, done);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}
