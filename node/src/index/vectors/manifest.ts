import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Cursor } from '@cosmicembeddings/sdk';
import { readStateFile, writeStateFile } from './state-file.js';
import type { Wait } from './waiting.js';

/** `index.bin`: what the folder of the vector index holds. Each space has a folder of its own. */
export interface Manifest extends Cursor {
  readonly seed: number;
  /** Position at which each space's files were last written; nothing changed in it since. */
  readonly spaces: Readonly<Record<string, number>>;
  readonly waiting: readonly Wait[];
  /** Of spaces whose folder is not named as they are. */
  readonly folders?: Readonly<Record<string, string>>;
  /** Spaces that are built beside those that answer: their folders, and the position up to which they were written. */
  readonly builds?: Readonly<Record<string, { readonly folder: string; readonly seq: number }>>;
}

const FILE = 'index.bin';

export const manifestFile = (folder: string): string => join(folder, FILE);

/** Undefined where it is gone or damaged. */
export function readManifest(folder: string): Manifest | undefined {
  return readStateFile<Manifest>(manifestFile(folder))?.head;
}

export function writeManifest(folder: string, head: Manifest): void {
  writeStateFile(manifestFile(folder), { head, sections: [] });
}

/** Every space that has files, with the folder they are in: those that answer, and those that are built beside. */
export function spaceFolders(folder: string, manifest: Manifest): { readonly id: string; readonly path: string }[] {
  return [
    ...Object.keys(manifest.spaces).map((id) => ({ id, path: join(folder, manifest.folders?.[id] ?? id) })),
    ...Object.entries(manifest.builds ?? {}).map(([id, build]) => ({ id, path: join(folder, build.folder) })),
  ];
}

/** Folders that nobody names: of a space that was replaced, or of an earlier life. */
export function sweep(folder: string, named: ReadonlySet<string>): void {
  for (const name of existsSync(folder) ? readdirSync(folder) : [])
    if (name !== FILE && !named.has(name)) rmSync(join(folder, name), { recursive: true, force: true });
}

/** A name that no folder has yet: the space's own, or that with a number. */
export function freshName(folder: string, id: string): string {
  for (let n = 1; ; n++) {
    const name = n === 1 ? id : `${id}.${n}`;
    if (!existsSync(join(folder, name))) return name;
  }
}
