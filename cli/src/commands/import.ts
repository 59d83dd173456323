import { createReadStream, existsSync, statSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import { codes, CosmicError, nextBlock, type Accepted, type Code } from '@cosmicembeddings/sdk';
import type { NodeClient } from '@cosmicembeddings/sdk/api';
import { readCar, wireOfJson } from '@cosmicembeddings/sdk/archive';
import { openClient } from '../node-client.js';
import { interruptible } from '../interrupt.js';
import { note, plural, print, printJson, Refused } from '../output.js';
import { progressBar } from '../progress.js';
import { define } from './command.js';

interface ImportFlags {
  file: string;
  format?: 'cbor' | 'jsonl' | 'car' | undefined;
}

type Item = Uint8Array | { readonly code: Code; readonly detail: string };

const BATCH_BYTES = 4 * 1024 * 1024;
const BATCH_BLOCKS = 1000;

export const importCommand = define<ImportFlags>({
  command: 'import <file>',
  describe: 'Publish the blocks of a CAR, JSON Lines or CBOR sequence, as they were signed',
  examples: [['cosmic import all.car', 'what is known already is passed over']],
  builder: (yargs) =>
    yargs
      .positional('file', { type: 'string', demandOption: true, describe: 'file, or - for standard input' })
      .option('format', {
        choices: ['cbor', 'jsonl', 'car'] as const,
        describe: 'told from the name or the first byte when left out',
      }),
  run: async ({ file, format }, settings) => {
    const client = openClient(settings);
    const report: Report = { stored: 0, known: 0, later: 0, refused: [] };
    await interruptible(
      () => `${plural(report.stored, 'block')} imported; call it again, and what is there already is passed over`,
      (signal) => importAll(client, file, format, report, signal),
    );
    if (settings.json) printJson(report);
    else
      print(
        `${plural(report.stored, 'block')} imported, ${report.known} known already${report.later > 0 ? `, ${report.later} too far in the future` : ''}, ${report.refused.length} refused`,
      );
    for (const { code, detail } of report.refused.slice(0, 10)) note(`cosmic: ${code}: ${detail}`);
    if (report.refused.length + report.later > 0) throw new Refused();
  },
});

interface Report {
  stored: number;
  known: number;
  later: number;
  readonly refused: { code: string; detail: string }[];
}

async function importAll(
  client: NodeClient,
  file: string,
  format: ImportFlags['format'],
  report: Report,
  signal: AbortSignal,
): Promise<void> {
  let batch: Uint8Array[] = [];
  let bytes = 0;
  let sent = 0;
  const progress = progressBar('importing');
  const total = file === '-' || file === '' || !existsSync(file) ? 0 : statSync(file).size;
  const flush = async (): Promise<void> => {
    signal.throwIfAborted();
    if (batch.length > 0) (await client.publish(batch)).forEach((answer) => count(answer, report));
    sent += bytes;
    progress(Math.min(sent, total || sent), total, `bytes, ${plural(report.stored, 'block')} new`);
    batch = [];
    bytes = 0;
  };
  try {
    for await (const item of blocksOf(file, format)) {
      signal.throwIfAborted();
      if (item instanceof Uint8Array) {
        batch.push(item);
        bytes += item.length;
      } else report.refused.push({ code: item.code, detail: item.detail });
      if (bytes > BATCH_BYTES || batch.length >= BATCH_BLOCKS) await flush();
    }
    await flush();
  } finally {
    progress.end();
  }
}

function count(answer: Accepted, report: Report): void {
  if (answer.status === 'rejected')
    report.refused.push({ code: answer.code, detail: answer.detail || codes[answer.code].meaning });
  else report[answer.status]++;
}

async function* blocksOf(file: string, given: ImportFlags['format']): AsyncGenerator<Item> {
  const standard = file === '-' || file === '';
  if (!standard && !existsSync(file)) throw new CosmicError('input.not_found', file);
  const chunks: AsyncIterable<Uint8Array> = standard ? process.stdin : createReadStream(file);
  const { first, all } = await peek(chunks);
  if (first === undefined) throw new CosmicError('input.empty', standard ? 'standard input' : file);
  const format = given ?? (first === 0xd2 ? 'cbor' : first === 0x7b ? 'jsonl' : 'car');
  if (format === 'car') yield* readCar(all);
  else if (format === 'cbor') yield* sequence(all);
  else
    for await (const line of createInterface({ input: Readable.from(all) }))
      if (line.trim() !== '') yield wireOfJson(line);
}

/** The first byte, and everything with it. */
async function peek(
  chunks: AsyncIterable<Uint8Array>,
): Promise<{ first: number | undefined; all: AsyncIterable<Uint8Array> }> {
  const source = chunks[Symbol.asyncIterator]();
  const head = await source.next();
  async function* all(): AsyncGenerator<Uint8Array> {
    for (let part = head; part.done !== true; part = await source.next()) yield part.value;
  }
  return { first: head.done === true ? undefined : head.value[0], all: all() };
}

async function* sequence(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Item> {
  let buffer: Uint8Array = new Uint8Array(0);
  for await (const chunk of chunks) {
    buffer = buffer.length === 0 ? chunk : Buffer.concat([buffer, chunk]);
    for (let next = nextBlock(buffer); next.status !== 'more'; next = nextBlock(buffer)) {
      if (next.status === 'rejected') return void (yield next);
      yield buffer.subarray(0, next.end);
      buffer = buffer.subarray(next.end);
    }
  }
  if (buffer.length > 0) yield { code: 'block.malformed', detail: 'the file ends inside a block' };
}
