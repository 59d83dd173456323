import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Cursor } from '@cosmicembeddings/sdk';
import { replaceFile } from '../../store/durable.js';
import type { Drawn } from './sketch.js';

export const commonFile = (folder: string): string => join(folder, 'background.json');

/** `background.json`: which rows were drawn, and the vectors of their texts. */
export interface CommonState extends Cursor {
  /** Keys the ranks: base64. */
  readonly salt: string;
  readonly dropped: boolean;
  readonly drawn: readonly Drawn[];
  /** By space id: the rows of it that are judged. */
  readonly judged: Readonly<Record<string, { readonly drawn: readonly Drawn[]; readonly dropped: boolean }>>;
  /** By space id, by `id row`: float32, base64. */
  readonly vectors: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

const VERSION = 1;

/** Undefined where there is none, of another version, or none that can be read: it is made anew. */
export function readCommon(folder: string): CommonState | undefined {
  const path = commonFile(folder);
  if (!existsSync(path)) return undefined;
  try {
    const { version, ...state } = JSON.parse(readFileSync(path, 'utf8')) as CommonState & { readonly version: number };
    const isSound =
      version === VERSION &&
      typeof state.epoch === 'string' &&
      Number.isSafeInteger(state.seq) &&
      typeof state.salt === 'string' &&
      Array.isArray(state.drawn) &&
      typeof state.judged === 'object' &&
      typeof state.vectors === 'object';
    return isSound ? state : undefined;
  } catch {
    return undefined;
  }
}

export function writeCommon(folder: string, state: CommonState): void {
  replaceFile(commonFile(folder), JSON.stringify({ version: VERSION, ...state }));
}
