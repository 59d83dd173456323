import { appendFileSync, existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeHome } from '../settings.js';

/** How a document's blocks were made, so that the very same ones can be made again. */
export interface Recipe {
  readonly timeMs: number;
  /** Hexadecimal, one a block. */
  readonly salts: readonly string[];
  readonly supersedes: readonly string[];
}

export interface JournalEntry {
  /** Hash of everything that goes into the blocks: text, origin, tags, space, place, author, network. */
  readonly input: string;
  /** Path, author, network and space: what a changed document keeps. */
  readonly source: string;
  readonly path: string;
  /** `pending`: nothing could be made of it yet. `prepared`: about to be sent. `dropped`: refused, start afresh. */
  readonly status: 'pending' | 'prepared' | 'published' | 'dropped';
  readonly recipe?: Recipe;
  readonly ids?: readonly string[];
  readonly reason?: string;
  /** The command line of a pending document, for the next attempt. */
  readonly retry?: unknown;
}

/**
 * What this author has published from here: one JSON line an event, the last one of an input counts. A line torn by a
 * crash is skipped, so the worst that can happen is that a block is offered again, which a node answers with `known`.
 */
export interface Journal {
  byInput(input: string): JournalEntry | undefined;
  /** The newest published document of a source. */
  bySource(source: string): JournalEntry | undefined;
  pending(): JournalEntry[];
  add(entries: readonly JournalEntry[]): void;
}

export function openJournal(home: string): Journal {
  const file = join(home, 'published.jsonl');
  const inputs = new Map<string, JournalEntry>();
  const sources = new Map<string, JournalEntry>();
  const waiting = new Map<string, JournalEntry>();
  const take = (entry: JournalEntry): void => {
    inputs.set(entry.input, entry);
    if (entry.status === 'published') sources.set(entry.source, entry);
    if (entry.status === 'pending') waiting.set(entry.source, entry);
    else waiting.delete(entry.source);
  };
  let lines = 0;
  for (const line of existsSync(file) ? readFileSync(file, 'utf8').split('\n') : []) {
    if (line === '') continue;
    lines++;
    const entry = entryOf(line);
    if (entry !== undefined) take(entry);
  }
  if (lines > 1000 && lines > 4 * inputs.size) compact(file, [...inputs.values()]);
  return {
    byInput: (input) => inputs.get(input),
    bySource: (source) => sources.get(source),
    pending: () => [...waiting.values()],
    add: (entries) => {
      if (entries.length === 0) return;
      makeHome(home);
      appendFileSync(file, entries.map((entry) => `${JSON.stringify(entry)}\n`).join(''), { mode: 0o600 });
      entries.forEach(take);
    },
  };
}

function entryOf(line: string): JournalEntry | undefined {
  try {
    const entry = JSON.parse(line) as JournalEntry;
    return typeof entry.input === 'string' && typeof entry.source === 'string' ? entry : undefined;
  } catch {
    return undefined;
  }
}

function compact(file: string, entries: readonly JournalEntry[]): void {
  writeFileSync(`${file}.new`, entries.map((entry) => `${JSON.stringify(entry)}\n`).join(''), { mode: 0o600 });
  renameSync(`${file}.new`, file);
}
