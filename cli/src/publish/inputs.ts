import { closeSync, openSync, readdirSync, readSync, statSync } from 'node:fs';
import { basename, extname, join, resolve } from 'node:path';
import { CosmicError } from '@cosmicembeddings/sdk';

/** A file to publish. */
export interface Input {
  readonly path: string;
  /** What the block says about where a passage came from: relative, so that no machine's folders are published. */
  readonly origin: string;
  readonly markdown: boolean;
}

export interface Inputs {
  readonly inputs: readonly Input[];
  /** Files of folders that are no text by their name. */
  readonly otherFiles: number;
}

/** A text file over this is refused: it is more likely data than something to read. */
export const fileMaxBytes = 16 * 1024 * 1024;

const MARKDOWN = new Set(['.md', '.markdown', '.mdown', '.mdx']);
/** What is taken from folders. A file that is named on its own is taken whatever it is called. */
const TEXT = new Set([...MARKDOWN, '', '.txt', '.text', '.rst', '.adoc', '.asciidoc', '.org', '.tex', '.log', '.srt']);

/**
 * The files behind what was named, in a stable order, each once. Every file that was named on its own is looked into,
 * so that a wrong one is refused before anything is published.
 * @throws CosmicError input.not_found, input.empty, input.binary, input.too_large
 */
export function collectInputs(paths: readonly string[]): Inputs {
  const found = new Map<string, Input>();
  let otherFiles = 0;
  for (const given of paths) {
    const path = resolve(given);
    const stats = statOf(path, given);
    if (!stats.isDirectory()) {
      if (!stats.isFile()) throw new CosmicError('input.not_found', `${given} is neither file nor folder`);
      if (readText(path, given).trim() === '') throw new CosmicError('input.empty', given);
      found.set(path, inputOf(path, basename(path)));
      continue;
    }
    const before = found.size;
    const name = basename(path);
    for (const relative of filesBelow(path)) {
      if (!TEXT.has(extname(relative).toLowerCase())) otherFiles++;
      else if (!found.has(join(path, relative)))
        found.set(join(path, relative), inputOf(join(path, relative), `${name}/${relative}`));
    }
    if (found.size === before)
      throw new CosmicError(
        'input.empty',
        `${given} holds no text files (${[...TEXT].filter((ending) => ending !== '').join(' ')})`,
      );
  }
  return { inputs: [...found.values()], otherFiles };
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

/** Hidden files and installed packages are left out; links to folders are not followed. */
function* filesBelow(folder: string, prefix = ''): Generator<string> {
  const entries = readdirSync(folder, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1));
  for (const entry of entries) {
    if (entry.name.startsWith('.') || entry.name === 'node_modules') continue;
    if (entry.isDirectory()) yield* filesBelow(join(folder, entry.name), `${prefix}${entry.name}/`);
    else if (entry.isFile()) yield prefix + entry.name;
  }
}

/**
 * A file as text.
 * @throws CosmicError input.not_found, input.too_large (before reading it), input.binary, input.empty
 */
export function readText(path: string, name = path): string {
  let handle: number;
  try {
    handle = openSync(path, 'r');
  } catch (cause) {
    throw new CosmicError('input.not_found', `${name}: ${(cause as NodeJS.ErrnoException).code ?? ''}`, { cause });
  }
  try {
    return decodeText(readWhole(handle, name), name);
  } finally {
    closeSync(handle);
  }
}

/** At most one byte more than the limit is ever read, also where a file has no size of its own. */
function readWhole(handle: number, name: string): Uint8Array {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for (;;) {
    const chunk = Buffer.alloc(1 << 20);
    const read = readSync(handle, chunk, 0, chunk.length, null);
    if (read === 0) return Buffer.concat(chunks);
    bytes += read;
    if (bytes > fileMaxBytes)
      throw new CosmicError('input.too_large', `${name}: more than ${fileMaxBytes / 1048576} MiB`);
    chunks.push(chunk.subarray(0, read));
  }
}

export function decodeText(bytes: Uint8Array, name: string): string {
  if (bytes.length === 0) throw new CosmicError('input.empty', name);
  if (bytes.includes(0)) throw new CosmicError('input.binary', name);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new CosmicError('input.binary', name, { cause });
  }
}
