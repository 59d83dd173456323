import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { readStateFile, writeStateFile } from '../vectors/state-file.js';

/** Below the data folder: a file for each space of which a map was asked for. */
export const mapFolder = 'map';
const END = '.bin';

/** The square of the plane that is drawn. */
export interface Frame {
  readonly x: number;
  readonly y: number;
  readonly size: number;
}

/** Places of rows by label. All else of a map is read from the store again. */
export interface SavedMap {
  readonly epoch: string;
  readonly space: string;
  /** Rows of the last whole layout. */
  readonly laidOut: number;
  /** Rows that came or went since. */
  readonly changed: number;
  readonly frame: Frame;
  readonly labels: Uint32Array;
  readonly xs: Float32Array;
  readonly ys: Float32Array;
}

type Head = Pick<SavedMap, 'epoch' | 'space' | 'laidOut' | 'changed' | 'frame'> & { readonly version: number };

const VERSION = 1;

export const mapFile = (folder: string, space: string): string => join(folder, mapFolder, space + END);

/** Names of files that maps stand in, whole or not. */
export function mapFiles(folder: string): readonly string[] {
  const at = join(folder, mapFolder);
  return existsSync(at) ? readdirSync(at).map((name) => join(at, name)) : [];
}

/** Undefined where it is gone, damaged, or of another version: it is laid out anew. */
export function readMap(path: string): SavedMap | undefined {
  const state = readStateFile<Head>(path);
  if (state === undefined || state.head.version !== VERSION || state.sections.length !== 3) return undefined;
  const [labels, xs, ys] = state.sections;
  const { epoch, space, laidOut, changed, frame } = state.head;
  return {
    epoch,
    space,
    laidOut,
    changed,
    frame,
    labels: new Uint32Array(labels!.buffer),
    xs: new Float32Array(xs!.buffer),
    ys: new Float32Array(ys!.buffer),
  };
}

export function writeMap(folder: string, { labels, xs, ys, ...head }: SavedMap): void {
  mkdirSync(join(folder, mapFolder), { recursive: true, mode: 0o700 });
  const sections = [labels, xs, ys].map(({ buffer, byteOffset, byteLength }) => {
    return new Uint8Array(buffer, byteOffset, byteLength);
  });
  writeStateFile<Head>(mapFile(folder, head.space), { head: { ...head, version: VERSION }, sections });
}
