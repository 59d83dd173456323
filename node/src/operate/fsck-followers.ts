import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import type { Cursor, Head } from '@cosmicembeddings/sdk';
import type { SpaceDescriptor } from '@cosmicembeddings/sdk/space';
import { openDatabase, type SqliteEngine } from '../store/sqlite/driver.js';
import { textFile, type StoreReader } from '../store/sqlite/index.js';
import { metaOf } from '../store/sqlite/meta.js';
import { compareSum } from '../index/words/text-sum.js';
import { fileCrc } from '../index/vectors/checksum.js';
import { readStateFile } from '../index/vectors/state-file.js';
import { coneFault } from '../views/index.js';
import type { Finding } from '../store/finding.js';

type Report = (finding: Finding) => void;

const REBUILT = 'rebuilt by itself';
const LOST = 'restore a backup or fetch the block from a peer';

/** A follower of this store's life that is ahead of it has seen blocks that the store has no more. */
function checkCursor(part: 'text' | 'index', position: Cursor, head: Head, report: Report): void {
  if (position.epoch === head.epoch && position.seq > head.seq)
    report({
      part: 'sequence',
      what: `the ${part} has followed to ${position.seq}, the store ends at ${head.seq}: its newest blocks are lost`,
      seq: head.seq + 1,
      remedy: LOST,
    });
}

export function checkText(folder: string, engine: SqliteEngine, reader: StoreReader, report: Report): void {
  const path = textFile(folder);
  if (!existsSync(path)) return;
  const finding = (what: string): void => report({ part: 'text', what, remedy: REBUILT });
  if (!statSync(path).isFile()) return finding(`${path}: it is no file`);
  if (compareSum(path) === 'other') finding(`${path}: it is not as it was left`);
  const database = openDatabase(engine, path, { readOnly: true });
  try {
    const fault = database.prepare('PRAGMA quick_check(1)').get()?.['quick_check'];
    if (fault !== 'ok') finding(`${path}: ${String(fault)}`);
    const head = reader.head();
    checkCursor('text', JSON.parse(metaOf(database, 'position')) as Cursor, head, report);
    const { n } = database.prepare('SELECT count(*) AS n FROM documents WHERE label >= ?').get(head.labels) as {
      n: number;
    };
    if (n > 0) finding(`${n} passages carry labels that were never given out`);
  } finally {
    database.close();
  }
}

/** Of what index/index.bin and a space's state.bin say (index/vectors/host.ts, space-index.ts). */
interface SavedHost extends Cursor {
  readonly spaces: Readonly<Record<string, number>>;
  readonly waiting: readonly (readonly [string, number])[];
}
interface SavedSpace extends Cursor {
  readonly space: SpaceDescriptor;
  readonly count: number;
  readonly graph: { readonly file: string; readonly crc: number } | null;
}

const CHUNK_MAX_BYTES = 4 << 20;

/** The vector index's files: checksums, and that each space holds exactly the rows that the store has for it. */
export function checkIndex(data: string, reader: StoreReader, report: Report): void {
  const folder = join(data, 'index');
  const path = join(folder, 'index.bin');
  if (!existsSync(path)) return;
  const host = readStateFile<SavedHost>(path)?.head;
  if (host === undefined) return report({ part: 'index', what: `${path}: it is damaged`, remedy: REBUILT });
  const head = reader.head();
  checkCursor('index', host, head, report);
  if (host.epoch !== head.epoch) return;
  const waiting = new Set(host.waiting.map(([id]) => id));
  for (const id of Object.keys(host.spaces))
    if (!waiting.has(id)) checkSpace(join(folder, id), id, host, reader, report);
}

function checkSpace(folder: string, id: string, host: SavedHost, reader: StoreReader, report: Report): void {
  const finding = (what: string): void => report({ part: 'index', what, remedy: REBUILT });
  const state = readStateFile<SavedSpace>(join(folder, 'state.bin'));
  if (state === undefined) return finding(`${join(folder, 'state.bin')}: it is damaged or gone`);
  const { head } = state;
  const rows = join(folder, 'rows.f32');
  const fault = rowsFault(rows, head, state.sections[4]!);
  if (fault !== undefined) finding(`${rows}: ${fault}`);
  if (head.graph !== null && crcOf(join(folder, head.graph.file)) !== head.graph.crc)
    finding(`${join(folder, head.graph.file)}: it is damaged or gone`);
  const [labels, , dead] = state.sections;
  const upTo = Math.max(head.seq, host.seq);
  const missing = missingRows(reader, id, upTo, liveLabels(new Uint32Array(labels!.buffer), dead!));
  if (missing > 0) finding(`${missing} rows of space ${id} are in the store and not in the index`);
}

function rowsFault(path: string, { count, space }: SavedSpace, crcs: Uint8Array): string | undefined {
  if (count === 0) return undefined;
  if (!existsSync(path) || !statSync(path).isFile()) return 'it is gone';
  const rowBytes = space.dims * 4;
  const bytes = readFileSync(path);
  if (bytes.length < count * rowBytes) return `it has ${bytes.length} bytes where ${count * rowBytes} were saved`;
  // Chunks are a power of two of rows (index/vectors/rows.ts); a sum of 0 is not known.
  const chunkRows = 1 << Math.max(0, 31 - Math.clz32(Math.max(1, Math.floor(CHUNK_MAX_BYTES / rowBytes))));
  const sums = new Uint32Array(crcs.buffer);
  for (let c = 0; c * chunkRows < count; c++) {
    const end = Math.min(count, (c + 1) * chunkRows) * rowBytes;
    if (sums[c] && (crc32(bytes.subarray(c * chunkRows * rowBytes, end)) || 1) !== sums[c])
      return `rows ${c * chunkRows} to ${end / rowBytes} are not as they were saved`;
  }
  return undefined;
}

function crcOf(path: string): number | undefined {
  try {
    return fileCrc.sync(path);
  } catch {
    return undefined;
  }
}

function liveLabels(labels: Uint32Array, dead: Uint8Array): Set<number> {
  const live = new Set<number>();
  labels.forEach((label, slot) => {
    if (((dead[slot >> 3] ?? 0) & (1 << (slot & 7))) === 0) live.add(label);
  });
  return live;
}

function missingRows({ database, names }: StoreReader, space: string, upTo: number, live: Set<number>): number {
  const stored = database
    .prepare('SELECT first_label, row_count, entry FROM blocks WHERE space = ? AND erased IS NULL AND seq <= ?')
    .all(names.id(space) ?? -1, upTo);
  let missing = 0;
  for (const { first_label: first, row_count: rows, entry } of stored) {
    // Inert blocks are kept and never indexed.
    if (typeof entry === 'string' && entry.includes('"inert"')) continue;
    for (let row = 0; row < (rows as number); row++) if (!live.has((first as number) + row)) missing++;
  }
  return missing;
}

/** The files of cones; one that no plug-in needs is removed by the node. */
export function checkViews(data: string, engine: SqliteEngine, report: Report): void {
  const folder = join(data, 'views');
  if (!existsSync(folder)) return;
  for (const name of readdirSync(folder).filter((one) => one.endsWith('.sqlite'))) {
    const fault = coneFault(join(folder, name), engine);
    if (fault !== undefined) report({ part: 'views', what: `${join(folder, name)}: ${fault}`, remedy: REBUILT });
  }
}
