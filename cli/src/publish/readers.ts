import { readFileSync } from 'node:fs';
import { CosmicError } from '@cosmicembeddings/sdk';

/** What is used of `@cosmicembeddings/readers`, an optional package: see its README. */
export interface Readers {
  /** Endings of the files that it reads, with their dot. */
  readonly endings: readonly string[];
  readonly fileMaxBytes: number;
  readDocument(
    bytes: Uint8Array,
    name: string,
    options: { readonly columns?: readonly string[] },
  ): Promise<ReadDocument>;
}

export interface ReadDocument {
  readonly format: string;
  readonly parts: readonly { readonly text: string; readonly at?: string; readonly headings?: readonly string[] }[];
  readonly left: readonly string[];
}

let found: Promise<Readers | undefined> | undefined;

/** As an installed package, else built in the clone that this command runs from; undefined where there is neither. */
export function openReaders(): Promise<Readers | undefined> {
  found ??= load('@cosmicembeddings/readers').then(
    (readers) => readers ?? load(new URL('../../../readers/dist/index.js', import.meta.url).href),
  );
  return found;
}

async function load(name: string): Promise<Readers | undefined> {
  try {
    return (await import(name)) as Readers;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ERR_MODULE_NOT_FOUND' || code === 'MODULE_NOT_FOUND') return undefined;
    throw error;
  }
}

/** @throws CosmicError input.not_found, input.empty, input.unsupported, input.malformed, input.too_large */
export async function readWith(
  readers: Readers,
  path: string,
  name: string,
  columns: readonly string[] | undefined,
): Promise<ReadDocument> {
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(path);
  } catch (cause) {
    throw new CosmicError('input.not_found', `${name}: ${(cause as NodeJS.ErrnoException).code ?? ''}`, { cause });
  }
  try {
    return await readers.readDocument(bytes, name, columns === undefined ? {} : { columns });
  } catch (cause) {
    const { code, message } = cause as { readonly code?: string; readonly message: string };
    const ours = code === undefined ? undefined : codeOf[code];
    if (ours === undefined) throw cause;
    throw new CosmicError(ours, `${name}: ${message}`, { cause });
  }
}

const codeOf: Readonly<Record<string, 'input.unsupported' | 'input.malformed' | 'input.too_large' | 'input.empty'>> = {
  'read.unsupported': 'input.unsupported',
  'read.malformed': 'input.malformed',
  'read.locked': 'input.malformed',
  'read.column': 'input.malformed',
  'read.too_large': 'input.too_large',
  'read.empty': 'input.empty',
};
