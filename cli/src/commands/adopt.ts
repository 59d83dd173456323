import { CosmicError } from '@cosmicembeddings/sdk';
import { encodeMetadata, flatten } from '@cosmicembeddings/sdk/metadata';
import { linesIn, objectsOf } from '../foreign/lines.js';
import { matrixRows } from '../foreign/matrix.js';
import { foreignOf, type Foreign } from '../foreign/record.js';
import { chromaRecords, qdrantPoints } from '../foreign/servers.js';
import { Records, type Kept, type Record, type Shelf } from '../gateway/records.js';
import { openIdentity } from '../keys/author.js';
import { openClient } from '../node-client.js';
import { interruptible } from '../interrupt.js';
import { note, plural, print, printJson, Refused } from '../output.js';
import { progressBar } from '../progress.js';
import { define } from './command.js';

interface Flags {
  readonly source: string;
  readonly from?: 'jsonl' | 'npy' | 'faiss' | 'chroma' | 'qdrant';
  readonly collection: string;
  readonly model?: string;
  readonly sourceCollection?: string;
  readonly rows?: string;
  readonly vector?: string;
}

const BATCH = 500;
const REFUSED_SHOWN = 10;

export const adoptCommand = define<Flags>({
  command: 'adopt <source>',
  describe: 'sign and publish vectors of another database, with their texts and metadata; again: only what changed',
  examples: [
    [
      'cosmic adopt vectors.jsonl --collection notes --model all-MiniLM-L6-v2',
      'JSON Lines of id, vector, text, metadata',
    ],
    ['cosmic adopt http://127.0.0.1:6333 --from qdrant --collection notes', 'from a running server'],
  ],
  builder: (yargs) =>
    yargs
      .positional('source', {
        type: 'string',
        demandOption: true,
        describe: 'file, - for standard input, or address of a server',
      })
      .option('from', {
        choices: ['jsonl', 'npy', 'faiss', 'chroma', 'qdrant'] as const,
        describe: 'told from the name of a file when left out',
      })
      .option('collection', { type: 'string', demandOption: true, describe: 'your name for the documents' })
      .option('model', { type: 'string', describe: 'name of what made the vectors; default: the collection’s own' })
      .option('source-collection', { type: 'string', describe: 'of a server: the collection; default: --collection' })
      .option('rows', { type: 'string', describe: 'of a matrix: JSON Lines with id, text and metadata of each row' })
      .option('vector', { type: 'string', describe: 'of points with several vectors: which' }),
  run: async (flags, settings) => {
    const client = openClient(settings);
    const { network } = await client.status();
    const { author, did } = await openIdentity({ ...settings, network });
    const records = new Records(client, author, did);
    const report = { stored: 0, replaced: 0, unchanged: 0, refused: [] as string[] };
    let shelf: Shelf | undefined;
    let batch: Record[] = [];
    const progress = progressBar('adopting');
    let total = 0;
    const flush = async (): Promise<void> => {
      if (batch.length === 0 || shelf === undefined) return;
      const known = await records.byIds(
        shelf,
        batch.map(({ id }) => id),
      );
      const changed = batch.filter((one) => !isSame(one, known.get(one.id)));
      report.unchanged += batch.length - changed.length;
      for (const one of changed) report[known.has(one.id) ? 'replaced' : 'stored'] += 1;
      await records.write(shelf, changed, known);
      batch = [];
      const { stored, replaced, unchanged, refused } = report;
      progress(stored + replaced + unchanged + refused.length, total);
    };
    const adopt = async (signal: AbortSignal): Promise<void> => {
      for await (const one of foreign(flags, (n) => void (total = n))) {
        signal.throwIfAborted();
        const record = typeof one === 'string' ? one : recordOf(one, shelf);
        if (typeof record === 'string') report.refused.push(record);
        else {
          shelf ??= {
            place: flags.collection,
            model: flags.model ?? `adopted:${flags.collection}`,
            dims: record.vector.length,
          };
          batch.push(record);
        }
        // Of one id in a batch the next batch decides.
        if (batch.length >= BATCH || batch.some(({ id }, i) => i < batch.length - 1 && id === batch.at(-1)!.id)) {
          const last = new Set(batch.slice(0, -1).map(({ id }) => id)).has(batch.at(-1)!.id) ? batch.pop() : undefined;
          await flush();
          if (last !== undefined) batch.push(last);
        }
      }
      await flush();
    };
    await interruptible(
      () =>
        `${plural(report.stored + report.replaced, 'document')} are there; call it again: only what is missing or changed is sent`,
      adopt,
    ).finally(() => progress.end());
    if (settings.json) printJson(report);
    else
      print(
        `${plural(report.stored, 'document')} stored, ${report.replaced} replaced, ${report.unchanged} unchanged, ${report.refused.length} refused`,
      );
    for (const line of report.refused.slice(0, REFUSED_SHOWN)) note(`cosmic: ${line}`);
    if (report.refused.length > 0) throw new Refused();
  },
});

/** `counted`: told how many there are, where that is known before they are read. */
async function* foreign(flags: Flags, counted: (total: number) => void): AsyncGenerator<Foreign | string> {
  const { source, rows, collection, sourceCollection = collection, vector } = flags;
  switch (flags.from ?? guess(source)) {
    case 'npy':
    case 'faiss':
      yield* matrixRows(source, rows === undefined ? undefined : objectsOf(rows), counted);
      return;
    case 'chroma':
      yield* chromaRecords(source, sourceCollection);
      return;
    case 'qdrant':
      yield* qdrantPoints(source, sourceCollection, vector);
      return;
    case 'jsonl': {
      if (source !== '-') counted(await linesIn(source));
      let line = 0;
      for await (const fields of objectsOf(source)) {
        const record = foreignOf(fields, `${source}:${line++}`);
        yield typeof record === 'string' ? `${source}, record ${line}: ${record}` : record;
      }
    }
  }
}

function guess(source: string): Flags['from'] {
  if (/^https?:/.test(source))
    throw new CosmicError('config.malformed', `${source}: say --from chroma or --from qdrant`);
  if (source.endsWith('.npy')) return 'npy';
  return /\.(?:faiss|index)$/.test(source) ? 'faiss' : 'jsonl';
}

/** The record, or why it is none. */
function recordOf({ id, vector, text, metadata, uri }: Foreign, shelf: Shelf | undefined): Record | string {
  if (shelf !== undefined && vector.length !== shelf.dims) return `${id}: ${vector.length} numbers, not ${shelf.dims}`;
  if (vector.some((one) => !Number.isFinite(one)) || vector.every((one) => one === 0))
    return `${id}: the vector is all zeros, or holds what is no finite number`;
  const flat = flatten(metadata);
  try {
    if (Object.keys(flat).length > 0) encodeMetadata(flat);
  } catch (error) {
    return `${id}: ${(error as Error).message}`;
  }
  return { id, vector, text, uri, metadata: Object.keys(flat).length === 0 ? null : flat };
}

function isSame(record: Record, known: readonly Kept[] | undefined): boolean {
  if (known?.length !== 1) return false;
  const { vector, text, metadata, uri } = known[0]!;
  const one = (value: unknown): string => JSON.stringify(value);
  return (
    one(Array.from(record.vector)) === one(Array.from(vector)) &&
    record.text === text &&
    (record.uri ?? '') === (uri ?? '') &&
    one(sorted(record.metadata)) === one(sorted(metadata))
  );
}

function sorted(metadata: Record['metadata']): unknown {
  return Object.entries(metadata ?? {}).sort(([a], [b]) => (a < b ? -1 : 1));
}
