import { mkdir, open, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { deserialize, serialize } from 'node:v8';
import type { Cursor, Registry } from '@cosmicembeddings/sdk';

/** Folded states and the place in the store that they reach. */
export interface Snapshot {
  readonly cursor: Cursor;
  readonly states: Readonly<Record<string, unknown>>;
}

const FILE = 'views.snapshot';

/** What a snapshot depends on: another set of kinds, views or versions means folding anew. */
function fingerprint(registry: Registry): string {
  return JSON.stringify({
    format: 1,
    v8: process.versions.v8.split('.')[0],
    kinds: registry.kinds.map(({ name }) => name).sort(),
    views: registry.views.map(({ name, version }) => `${name} ${version}`).sort(),
  });
}

/** The saved snapshot, or undefined when there is none that fits. */
export async function readSnapshot(folder: string, registry: Registry): Promise<Snapshot | undefined> {
  try {
    const saved = deserialize(await readFile(join(folder, FILE))) as { fingerprint?: unknown } & Snapshot;
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
    await file.writeFile(bytes);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(next, join(folder, FILE));
}
