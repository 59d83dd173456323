import { createWriteStream, renameSync, rmSync, writeFileSync } from 'node:fs';
import { extname } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { corePlugins, createRegistry, CosmicError, utf8, type Filter } from '@cosmicembeddings/sdk';
import type { NodeClient } from '@cosmicembeddings/sdk/api';
import { jsonLineOf, rowTables, writeCar } from '@cosmicembeddings/sdk/archive';
import { openClient } from '../node-client.js';
import { interruptible } from '../interrupt.js';
import { note, plural, UsageError } from '../output.js';
import { progressBar } from '../progress.js';
import { filterFlags, filterOf, type FilterFlags } from './filter.js';
import { define } from './command.js';

interface ExportFlags extends FilterFlags {
  file?: string | undefined;
  format?: 'cbor' | 'jsonl' | 'car' | 'npy' | undefined;
}

const PAGE = 500;
/** Blocks in one request: few enough that Ctrl-C is not waited for. */
const READ = 64;

export const exportCommand = define<ExportFlags>({
  command: 'export [file]',
  describe: 'Save blocks of the node as CAR, JSON Lines, CBOR sequence or NPY',
  examples: [
    ['cosmic export all.car', 'everything this node holds'],
    ['cosmic export rows.npy --tag pottery', 'the vectors of a tag, for your own tools'],
  ],
  builder: (yargs) =>
    filterFlags(yargs)
      .positional('file', { type: 'string', describe: 'file to write; standard output when left out' })
      .option('format', {
        choices: ['cbor', 'jsonl', 'car', 'npy'] as const,
        describe:
          'told from the name when left out, else cbor; npy: FILE.npy for each space, with FILE.ids.txt and FILE.space.json',
      }),
  run: async (args, settings) => {
    // yargs reads a lone dash as an empty word.
    const file = args.file === '' || args.file === '-' ? undefined : args.file;
    const format = args.format ?? formatOfName(file);
    const client = openClient(settings);
    await interruptible(
      () =>
        `${file === undefined ? 'standard output ends in between' : `no ${file} was written`}; call it again to begin anew`,
      async (signal) => {
        const ids = await idsOf(client, filterOf(args), signal);
        if (ids.length === 0) throw new CosmicError('block.not_found', 'no block passes the filter');
        const source = (): AsyncGenerator<Uint8Array> => wiresOf(client, ids, signal);
        if (format === 'npy') return writeTables(file, source, signal);
        const bytes = format === 'car' ? writeCar(source) : format === 'jsonl' ? linesOf(source()) : source();
        if (file === undefined) await pipeline(Readable.from(bytes), process.stdout, { end: false, signal });
        else await writeWhole(file, (part) => pipeline(Readable.from(bytes), createWriteStream(part), { signal }));
        note(`${plural(ids.length, 'block')} exported`);
      },
    );
  },
});

/** A file has its name only when it is whole. */
async function writeWhole(file: string, write: (part: string) => Promise<void>): Promise<void> {
  const part = `${file}.part`;
  try {
    await write(part);
    renameSync(part, file);
  } finally {
    rmSync(part, { force: true });
  }
}

const FORMATS: Readonly<Record<string, NonNullable<ExportFlags['format']>>> = {
  '.cbor': 'cbor',
  '.jsonl': 'jsonl',
  '.ndjson': 'jsonl',
  '.car': 'car',
  '.npy': 'npy',
};

/** A file that is called .car must be one, and nobody reads a .csv of CBOR. @throws UsageError */
function formatOfName(file: string | undefined): NonNullable<ExportFlags['format']> {
  const ending = extname(file ?? '').toLowerCase();
  if (ending === '') return 'cbor';
  const format = FORMATS[ending];
  if (format === undefined)
    throw new UsageError(
      `${file!}: blocks are not written as ${ending}; name it ${Object.keys(FORMATS).join(', ')} or say --format`,
    );
  return format;
}

/** Oldest first, so that what arrives meanwhile does not move the pages. */
async function idsOf(client: NodeClient, filter: Filter, signal: AbortSignal): Promise<string[]> {
  const ids: string[] = [];
  for (let after: string | undefined; ;) {
    signal.throwIfAborted();
    const page = await client.find(filter, { limit: PAGE, order: 'oldest', ...(after === undefined ? {} : { after }) });
    ids.push(...page.ids);
    after = page.next;
    if (after === undefined || page.ids.length === 0) return ids;
  }
}

async function* wiresOf(client: NodeClient, ids: readonly string[], signal: AbortSignal): AsyncGenerator<Uint8Array> {
  const progress = progressBar('exporting');
  try {
    for (let from = 0; from < ids.length; from += READ) {
      const some = ids.slice(from, from + READ);
      for (const [i, block] of (await client.read(some, signal)).entries()) {
        if (block === undefined) throw new CosmicError('block.not_found', `${some[i]!} went away while exporting`);
        yield block.wire;
      }
      progress(from + some.length, ids.length);
    }
  } finally {
    progress.end();
  }
}

async function* linesOf(wires: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  for await (const wire of wires) yield utf8(`${jsonLineOf(wire)}\n`);
}

/** One matrix for each space: rows of different spaces cannot be compared. */
async function writeTables(
  file: string | undefined,
  source: () => AsyncGenerator<Uint8Array>,
  signal: AbortSignal,
): Promise<void> {
  if (file === undefined) throw new UsageError('--format npy needs a file name');
  const base = file.replace(/\.npy$/, '');
  const tables = await rowTables(source, createRegistry(corePlugins));
  signal.throwIfAborted();
  if (tables.length === 0) throw new CosmicError('block.not_found', 'no block among them has vectors');
  for (const table of tables) {
    const name = tables.length === 1 ? base : `${base}.${table.spaceId.slice(-8)}`;
    writeFileSync(`${name}.npy`, table.npy());
    writeFileSync(`${name}.space.json`, `${JSON.stringify({ id: table.spaceId, space: table.space }, null, 2)}\n`);
    writeFileSync(`${name}.ids.txt`, table.ids.map((id) => `${id}\n`).join(''));
    note(
      `${name}.npy: ${plural(table.ids.length, 'row')} of ${table.space.model} (${table.spaceId}), ids in ${name}.ids.txt`,
    );
  }
}
