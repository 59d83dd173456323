// What can happen to a file.
import { mkdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';

/** Names of damages for a file of that size; each is done by `harm`. */
export function harmsFor(bytes, random, flips) {
  const some = (from, to) => from + Math.floor(random() * Math.max(1, to - from));
  const places = [0, some(1, Math.min(16, bytes)), some(16, Math.min(100, bytes))];
  for (let i = 0; i < flips; i++) places.push(some(0, bytes));
  return [
    'delete',
    'folder',
    'truncate 0',
    ...(bytes > 2 ? [`truncate ${some(1, bytes - 1)}`] : []),
    ...(bytes > 1 ? [`truncate ${bytes - 1}`] : []),
    ...[...new Set(places)].filter((at) => at < bytes).map((at) => `flip ${at} ${some(0, 8)}`),
  ];
}

export function harm(path, what) {
  const [how, at, bit] = what.split(' ');
  if (how === 'delete') rmSync(path);
  else if (how === 'folder') {
    rmSync(path);
    mkdirSync(path);
  } else if (how === 'truncate') truncateSync(path, Number(at));
  else {
    const bytes = readFileSync(path);
    bytes[Number(at)] ^= 1 << Number(bit);
    writeFileSync(path, bytes);
  }
}

export const sizeOf = (path) => statSync(path).size;
