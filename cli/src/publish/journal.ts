import { closeSync, existsSync, fstatSync, fsyncSync, openSync, readSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import type { EmbedderConfig } from '@cosmicembeddings/sdk/embedders';
import { makeHome } from '../settings.js';
import type { PublishOptions } from './options.js';

/** One document as it was asked for: all that publishing it depends on, so that work which waits is done as it was meant. */
export interface Intent {
  /** Absolute. */
  readonly path: string;
  readonly origin: string;
  readonly markdown: boolean;
  readonly options: PublishOptions;
  readonly node: string;
  readonly network: string;
  /** did:key of who signs. */
  readonly author: string;
  /** Path of the key file; null: the key came from the environment. */
  readonly key: string | null;
  readonly embedder: EmbedderConfig;
}

/** How a document's blocks were made, so that the very same ones can be made again. */
export interface Recipe {
  readonly timeMs: number;
  /** Hexadecimal, one a block. */
  readonly salts: readonly string[];
  readonly supersedes: readonly string[];
}

interface PendingLine {
  readonly event: 'pending';
  readonly slot: string;
  readonly intent: Intent;
  readonly reason: string;
}

/** Pending work that is done, or that nobody wants any more. */
interface ClosedLine {
  readonly event: 'closed';
  readonly slot: string;
}

export interface PublishedLine {
  readonly event: 'published';
  /** The pending work that is done with it; none while other parts of the file are to come. */
  readonly slot?: string | undefined;
  /** Path, node, author, network and space: what a changed document keeps. */
  readonly source: string;
  /** Hash of everything that goes into the blocks but time, place and what they supersede. */
  readonly input: string;
  /** Hash of the passages alone: knows a document again that was renamed. */
  readonly content: string;
  /** Node, author, network and space. */
  readonly where: string;
  readonly path: string;
  /** Of a file in several parts: which, from 0. */
  readonly part?: number | undefined;
  readonly origin: string;
  readonly options: PublishOptions;
  readonly ids: readonly string[];
  readonly recipe: Recipe;
}

/** Blocks that their author has withdrawn, or that a renamed file's blocks have taken the place of. */
interface WithdrawnLine {
  readonly event: 'retracted' | 'moved';
  readonly ids: readonly string[];
}

export type JournalLine = PendingLine | ClosedLine | PublishedLine | WithdrawnLine;

/**
 * What was published from here and what waits, one JSON line an event. Lines are appended in one write each and never
 * changed, so calls that run at the same time read the same events in the same order; a line torn by a crash is skipped.
 */
export interface Journal {
  /** Reads what other calls have added. */
  refresh(): void;
  /** The newest publication with these blocks, on whichever node. */
  byInput(input: string): PublishedLine | undefined;
  /** The newest publication of a source. */
  bySource(source: string): PublishedLine | undefined;
  /**
   * Blocks of a source that stand beside its newest publication, as they were published at the same time as it, or in a call
   * that knew nothing of it: neither withdrawn, nor superseded by any other of them.
   */
  besides(source: string): string[];
  /** Newest publication of every source that was published there. */
  publishedAt(where: string): PublishedLine[];
  isWithdrawn(ids: readonly string[]): boolean;
  pending(): PendingLine[];
  /** Durable when it returns. */
  add(lines: readonly JournalLine[]): void;
}

export function openJournal(home: string): Journal {
  const file = join(home, 'publications.jsonl');
  const inputs = new Map<string, PublishedLine>();
  const sources = new Map<string, PublishedLine>();
  const standing = new Map<string, Set<string>>();
  const waiting = new Map<string, PendingLine>();
  const withdrawn = new Set<string>();
  let read = 0;

  const take = (line: JournalLine): void => {
    switch (line.event) {
      case 'pending':
        waiting.set(line.slot, line);
        break;
      case 'closed':
        waiting.delete(line.slot);
        break;
      case 'published':
        inputs.set(line.input, line);
        sources.set(line.source, line);
        standing.set(line.source, standingWith(line, standing.get(line.source)));
        if (line.slot !== undefined) waiting.delete(line.slot);
        for (const id of line.ids) withdrawn.delete(id);
        break;
      case 'retracted':
      case 'moved':
        for (const id of line.ids) withdrawn.add(id);
    }
  };
  const refresh = (): void => {
    if (!existsSync(file)) return;
    let text: string;
    const handle = openSync(file, 'r');
    try {
      const bytes = Buffer.alloc(Math.max(0, fstatSync(handle).size - read));
      read += readSync(handle, bytes, 0, bytes.length, read);
      // A write of another call may be under way: what has no line end yet is read again the next time.
      const end = bytes.lastIndexOf(0x0a) + 1;
      read -= bytes.length - end;
      text = bytes.subarray(0, end).toString('utf8');
    } finally {
      closeSync(handle);
    }
    for (const one of text.split('\n')) {
      const line = lineOf(one);
      if (line !== undefined) take(line);
    }
  };
  refresh();
  return {
    refresh,
    byInput: (input) => inputs.get(input),
    bySource: (source) => sources.get(source),
    besides: (source) => {
      const newest = sources.get(source)?.ids ?? [];
      return [...(standing.get(source) ?? [])].filter((id) => !newest.includes(id) && !withdrawn.has(id));
    },
    publishedAt: (where) => [...sources.values()].filter((line) => line.where === where),
    isWithdrawn: (ids) => ids.some((id) => withdrawn.has(id)),
    pending: () => [...waiting.values()],
    add: (lines) => {
      if (lines.length === 0) return;
      makeHome(home);
      append(file, lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
      refresh();
    },
  };
}

function standingWith({ ids, recipe }: PublishedLine, before: ReadonlySet<string> | undefined): Set<string> {
  const over = new Set(recipe.supersedes);
  return new Set([...(before ?? []), ...ids].filter((id) => !over.has(id)));
}

/** One write, behind a line end, so that a line which a crash has torn spoils no other. */
function append(file: string, text: string): void {
  const handle = openSync(file, 'a+', 0o600);
  try {
    const { size } = fstatSync(handle);
    const last = Buffer.alloc(1);
    const torn = size > 0 && readSync(handle, last, 0, 1, size - 1) === 1 && last[0] !== 0x0a;
    writeSync(handle, torn ? `\n${text}` : text);
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}

const events: readonly unknown[] = ['pending', 'closed', 'published', 'retracted', 'moved'];

function lineOf(text: string): JournalLine | undefined {
  if (text === '') return undefined;
  try {
    const line = JSON.parse(text) as JournalLine;
    return events.includes(line.event) ? line : undefined;
  } catch {
    return undefined;
  }
}
