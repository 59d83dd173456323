import { readdirSync, statSync } from 'node:fs';
import { basename, extname, join, resolve } from 'node:path';
import { CosmicError } from '@cosmicembeddings/sdk';
import { needsReaders, openText, readersFormat } from './read-text.js';
import type { Named } from './report.js';

/** A file to publish. */
export interface Input {
  readonly path: string;
  /** What the block says about where a passage came from: relative, so that no machine's folders are published. */
  readonly origin: string;
  readonly markdown: boolean;
}

export interface Inputs {
  readonly inputs: readonly Input[];
  /** Everything else that the folders hold, with the reason why it is left out. */
  readonly left: readonly Named[];
  /** The folders that were named. */
  readonly folders: readonly string[];
}

const MARKDOWN = new Set(['.md', '.markdown', '.mdown', '.mdx']);
/** What is taken from folders. A file that is named on its own is taken whatever it is called. */
const TEXT = new Set([...MARKDOWN, '', '.txt', '.text', '.rst', '.adoc', '.asciidoc', '.org', '.tex', '.log', '.srt']);

/**
 * The files behind what was named, in a stable order, each once. Every file that was named on its own is looked into,
 * so that a wrong one is refused before anything is published.
 * `readable`: endings that are read beside texts.
 * @throws CosmicError input.not_found, input.empty, input.binary, input.unsupported
 */
export function collectInputs(paths: readonly string[], readable: ReadonlySet<string> = new Set()): Inputs {
  const found = new Map<string, Input>();
  const left: Named[] = [];
  const folders: string[] = [];
  for (const given of paths) {
    if (given === '') throw new CosmicError('input.not_found', 'an empty name');
    const path = resolve(given);
    const stats = statOf(path, given);
    if (!stats.isDirectory()) {
      if (!stats.isFile()) throw new CosmicError('input.not_found', `${given} is neither file nor folder`);
      if (!readable.has(extname(path).toLowerCase())) openText(path, given);
      found.set(path, inputOf(path, basename(path)));
      continue;
    }
    folders.push(path);
    const before = found.size;
    const name = basename(path);
    for (const entry of entriesBelow(path)) {
      const full = join(path, entry.relative);
      if (entry.reason !== undefined) left.push({ path: full, reason: entry.reason });
      else if (!TEXT.has(extname(full).toLowerCase()) && !readable.has(extname(full).toLowerCase()))
        left.push({ path: full, reason: unreadReason(full) });
      else if (!found.has(full)) found.set(full, inputOf(full, `${name}/${entry.relative}`));
    }
    if (found.size === before && ![...found.keys()].some((one) => one.startsWith(join(path, '/'))))
      throw new CosmicError(
        'input.empty',
        `${given} holds no text files (${[...TEXT].filter((ending) => ending !== '').join(' ')})`,
      );
  }
  return { inputs: [...found.values()], left: left.filter(({ path }) => !found.has(path)), folders };
}

/** What a reader would read is said to be so, where it is not installed. */
function unreadReason(path: string): string {
  const format = readersFormat(path);
  return format === undefined ? `${extname(path)} is no text by its name` : `${format} ${needsReaders}`;
}

function inputOf(path: string, origin: string): Input {
  return { path, origin, markdown: MARKDOWN.has(extname(path).toLowerCase()) };
}

function statOf(path: string, given: string): ReturnType<typeof statSync> & object {
  try {
    return statSync(path);
  } catch (cause) {
    throw new CosmicError('input.not_found', given, { cause });
  }
}

/** Hidden files and installed packages are left out; links are followed to files and not to folders. */
function* entriesBelow(
  folder: string,
  prefix = '',
): Generator<{ readonly relative: string; readonly reason?: string }> {
  const entries = readdirSync(folder, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1));
  for (const entry of entries) {
    const relative = prefix + entry.name;
    const full = join(folder, entry.name);
    if (entry.name.startsWith('.')) yield { relative, reason: 'hidden' };
    else if (entry.name === 'node_modules') yield { relative, reason: 'installed packages' };
    else if (entry.isDirectory()) yield* readable(full, relative);
    else if (entry.isFile()) yield { relative };
    else if (entry.isSymbolicLink() && isFile(full)) yield { relative };
    else yield { relative, reason: entry.isSymbolicLink() ? 'link to a folder or to nothing' : 'no file' };
  }
}

function* readable(
  folder: string,
  relative: string,
): Generator<{ readonly relative: string; readonly reason?: string }> {
  try {
    readdirSync(folder);
  } catch (error) {
    yield { relative, reason: (error as NodeJS.ErrnoException).code ?? 'unreadable' };
    return;
  }
  yield* entriesBelow(folder, `${relative}/`);
}

function isFile(path: string): boolean {
  try {
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
