import { mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { deserialize, serialize } from 'node:v8';
import { crc32 } from 'node:zlib';
import type { Cursor, Registry } from '@cosmicembeddings/sdk';

/** Folded states and the place in the store that they reach. */
export interface Snapshot {
  readonly cursor: Cursor;
  readonly states: Readonly<Record<string, unknown>>;
}

const FILE = 'views.snapshot';
/** CRC-32 of all that follows: a bit that turned over would be a state that nobody folded. */
const CRC_BYTES = 4;

/** What a snapshot depends on: another set of kinds, views or versions means folding anew. */
function fingerprint(registry: Registry): string {
  return JSON.stringify({
    format: 1,
    v8: process.versions.v8.split('.')[0],
    kinds: registry.kinds.map(({ name }) => name).sort(),
    views: registry.views.map(({ name, version }) => `${name} ${version}`).sort(),
  });
}

export const snapshotFile = (folder: string): string => join(folder, FILE);

/** What the checksum vouches for; undefined for a damaged file. */
export function soundPart(bytes: Buffer): Buffer | undefined {
  if (bytes.length < CRC_BYTES) return undefined;
  const content = bytes.subarray(CRC_BYTES);
  return crc32(content) === bytes.readUInt32LE(0) ? content : undefined;
}

/** The saved snapshot, or undefined when there is none that fits. */
export async function readSnapshot(folder: string, registry: Registry): Promise<Snapshot | undefined> {
  try {
    const bytes = await readFile(snapshotFile(folder));
    const sound = soundPart(bytes);
    if (sound === undefined) return undefined;
    const saved = deserialize(sound) as { fingerprint?: unknown } & Snapshot;
    return saved.fingerprint === fingerprint(registry) ? { cursor: saved.cursor, states: saved.states } : undefined;
  } catch {
    return undefined;
  }
}

/** Replaces the snapshot as a whole, durably. */
export async function writeSnapshot(folder: string, registry: Registry, { cursor, states }: Snapshot): Promise<void> {
  const bytes = serialize({ fingerprint: fingerprint(registry), cursor, states });
  await mkdir(folder, { recursive: true });
  const next = join(folder, `${FILE}.next`);
  const file = await open(next, 'w');
  try {
    const crc = Buffer.alloc(CRC_BYTES);
    crc.writeUInt32LE(crc32(bytes));
    await file.writeFile(Buffer.concat([crc, bytes]));
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(next, join(folder, FILE)).catch(async () => {
    // Whatever else stands there in its place.
    await rm(join(folder, FILE), { recursive: true, force: true });
    await rename(next, join(folder, FILE));
  });
}
