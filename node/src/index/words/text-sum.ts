import { existsSync, readFileSync, rmSync, truncateSync } from 'node:fs';
import { replaceFile } from '../../store/durable.js';
import { fileCrc } from '../vectors/checksum.js';

/** Files of one SQLite database. */
const ENDS = ['', '-wal', '-shm', '-journal'];

/**
 * SQLite's pages carry no checksums, so a bit that turned over in the text index would be a wrong answer, not an error.
 * Whoever closes the file leaves its CRC-32 beside it; whoever opens it compares, and takes the sum away before writing.
 */
export function leaveSum(path: string): void {
  try {
    replaceFile(sumFile(path), `${fileCrc.sync(path)}\n`);
  } catch {
    // Without it the next one looks through the file instead.
    takeSum(path);
  }
}

/** `none`: it was not closed, a crash perhaps. Changes nothing. */
export function compareSum(path: string): 'same' | 'other' | 'none' {
  if (!existsSync(path)) return 'none';
  let sum: string;
  try {
    sum = readFileSync(sumFile(path), 'utf8');
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'none' : 'other';
  }
  return sum === `${fileCrc.sync(path)}\n` ? 'same' : 'other';
}

export function takeSum(path: string): void {
  rmSync(sumFile(path), { recursive: true, force: true });
}

/** All that belongs to the file, whatever stands there now. */
export function removeText(path: string): void {
  for (const end of ENDS) rmSync(path + end, { recursive: true, force: true });
  takeSum(path);
}

/** What would be played into, or compared with, the file that takes this one's place. The journal's name stays (see schema.ts). */
export function removeBeside(path: string): void {
  for (const end of ['-wal', '-shm']) rmSync(path + end, { recursive: true, force: true });
  if (existsSync(`${path}-journal`)) truncateSync(`${path}-journal`);
  takeSum(path);
}

/** The file that is built beside the one that answers, until it takes its place. */
export const besideText = (path: string): string => `${path}.new`;

function sumFile(path: string): string {
  return `${path}.sum`;
}
