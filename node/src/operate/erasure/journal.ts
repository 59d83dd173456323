import {
  closeSync,
  existsSync,
  fsyncSync,
  openSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeSync,
} from 'node:fs';
import { randomBytes } from 'node:crypto';
import { dirname, join } from 'node:path';
import { CosmicError, type BlockId, type EraseReason, type Registry, type StoredBlock } from '@cosmicembeddings/sdk';
import { Cutter } from '../../index/words/index.js';
import { makeFolder, syncPath } from '../../store/durable.js';
import type { Withheld } from '../withhold.js';
import { fieldNames, fieldsOf, windowBytes } from './fields.js';
import { fingerprintBytes, Hasher, writeFingerprint } from './fingerprints.js';

/** One block that goes, and what is kept out with it. */
export interface Erasure {
  readonly id: BlockId;
  readonly reason: EraseReason;
  readonly withhold: readonly Withheld[];
}

export const journalFolder = (data: string): string => join(data, 'erasing');

const IDS = 'ids';
const LONG = 'long';
const SHORT = 'short';
const KEY_BYTES = 8;
const BUFFER_BYTES = 256 * fingerprintBytes;
/** Pieces that many bodies share are noted once, as far as memory for them goes. */
const SEEN_MAX = 500_000;

/**
 * What is being erased, and keyed fingerprints of all that has to be gone: written whole before the first body goes, taken
 * away when nothing was found. It appears under its name when it is complete, so what it says can be done again from any moment on.
 * With `more`, it is added to one that stands there: the ids last, so that no body goes without its fingerprints.
 */
export class JournalWriter {
  private readonly hasher: Hasher;
  private readonly part: string | undefined;
  private readonly files: Readonly<Record<'long' | 'short' | 'ids', Appender>>;
  private readonly seen = new Set<number>();
  private readonly cutter = new Cutter();
  private blocks = 0;

  constructor(
    private readonly data: string,
    more = false,
  ) {
    const before = more ? openJournal(data) : undefined;
    this.part = before === undefined ? `${journalFolder(data)}.part` : undefined;
    if (this.part !== undefined) {
      for (const left of [this.part, `${journalFolder(data)}.done`]) rmSync(left, { recursive: true, force: true });
      makeFolder(this.part);
    } else cutTorn(journalFolder(data));
    const folder = this.part ?? journalFolder(data);
    const key = before === undefined ? randomBytes(KEY_BYTES) : piece(join(folder, LONG), 0, KEY_BYTES);
    this.hasher = new Hasher(key);
    this.blocks = before?.erasures.length ?? 0;
    this.files = {
      long: new Appender(join(folder, LONG)),
      short: new Appender(join(folder, SHORT)),
      ids: new Appender(join(folder, IDS), before === undefined ? BUFFER_BYTES : Infinity),
    };
    if (before === undefined) this.files.long.append(key);
  }

  add(erasure: Erasure, block: StoredBlock | undefined, registry: Registry): void {
    this.files.ids.append(Buffer.from(`${erasure.id} ${erasure.reason} ${erasure.withhold.join(',')}\n`));
    if (block !== undefined)
      fieldsOf(block, registry, this.cutter, (field, bytes) => {
        const record = Buffer.alloc(fingerprintBytes);
        const first = this.hasher.first(bytes, 0, bytes.length);
        const second = this.hasher.second(bytes, 0, bytes.length);
        const isLong = bytes.length >= windowBytes;
        const known = first * 0x100000 + (second >>> 12);
        if (this.seen.has(known)) return;
        if (this.seen.size < SEEN_MAX) this.seen.add(known);
        writeFingerprint(new DataView(record.buffer, record.byteOffset), 0, {
          first,
          second,
          block: this.blocks,
          field: fieldNames.indexOf(field),
          length: bytes.length,
        });
        (isLong ? this.files.long : this.files.short).append(record);
      });
    this.blocks += 1;
  }

  commit(): Journal {
    for (const file of Object.values(this.files)) file.close();
    if (this.part !== undefined) {
      syncPath(this.part);
      renameSync(this.part, journalFolder(this.data));
      syncPath(this.data);
    }
    return openJournal(this.data)!;
  }

  /** Ids that were not committed are not in it; fingerprints may be, and are of blocks that stay: shared, if anything. */
  abandon(): void {
    if (this.part === undefined) this.files.ids.drop();
    for (const file of Object.values(this.files)) file.close();
    if (this.part !== undefined) rmSync(this.part, { recursive: true, force: true });
  }
}

/** What a crash cut off at the end of a file: less than a record, less than a line. */
function cutTorn(folder: string): void {
  for (const [name, head] of [
    [LONG, KEY_BYTES],
    [SHORT, 0],
  ] as const) {
    const path = join(folder, name);
    const { size } = statSync(path);
    truncateSync(path, size - ((size - head) % fingerprintBytes));
  }
  const ids = readFileSync(join(folder, IDS), 'utf8');
  truncateSync(join(folder, IDS), Buffer.byteLength(ids.slice(0, ids.lastIndexOf('\n') + 1)));
}

class Appender {
  private readonly file: number;
  private held: Uint8Array[] = [];
  private bytes = 0;
  private open = true;

  constructor(
    path: string,
    private readonly bufferBytes = BUFFER_BYTES,
  ) {
    this.file = openSync(path, 'a', 0o600);
  }

  append(bytes: Uint8Array): void {
    this.held.push(bytes);
    this.bytes += bytes.length;
    if (this.bytes >= this.bufferBytes) this.flush();
  }

  /** What was not written yet never is. */
  drop(): void {
    this.held = [];
    this.bytes = 0;
  }

  close(): void {
    if (!this.open) return;
    this.open = false;
    this.flush();
    fsyncSync(this.file);
    closeSync(this.file);
  }

  private flush(): void {
    const all = Buffer.concat(this.held);
    for (let done = 0; done < all.length;) done += writeSync(this.file, all, done);
    this.held = [];
    this.bytes = 0;
  }
}

export interface Journal {
  readonly erasures: readonly Erasure[];
  readonly hasher: Hasher;
  readonly longs: number;
  readonly shorts: number;
  /** Fingerprints of windows of long fields, at most `max` at a time. */
  groups(max: number): Generator<DataView>;
  /** Of short fields, all at once: each value once. */
  short(): DataView;
  done(): void;
}

/** The erasure that was begun in this folder and not proven yet; undefined: there is none. */
export function openJournal(data: string): Journal | undefined {
  const folder = journalFolder(data);
  if (!existsSync(folder)) return undefined;
  const [long, short] = [join(folder, LONG), join(folder, SHORT)];
  const erasures = readFileSync(join(folder, IDS), 'utf8')
    .split('\n')
    // A last line without an end was being written when something ended the process.
    .slice(0, -1)
    .filter((line) => line !== '')
    .map((line): Erasure => {
      const [id, reason, withhold = ''] = line.split(' ');
      if (id === undefined || reason === undefined) throw new CosmicError('store.corrupt', `${folder}: ${line}`);
      return {
        id,
        reason: reason as EraseReason,
        withhold: withhold === '' ? [] : (withhold.split(',') as Withheld[]),
      };
    });
  return {
    erasures,
    hasher: new Hasher(piece(long, 0, KEY_BYTES)),
    longs: recordsIn(long, KEY_BYTES),
    shorts: recordsIn(short, 0),
    *groups(max) {
      const size = KEY_BYTES + recordsIn(long, KEY_BYTES) * fingerprintBytes;
      for (let at = KEY_BYTES; at < size; at += max * fingerprintBytes)
        yield viewOf(piece(long, at, Math.min(max * fingerprintBytes, size - at)));
    },
    short: () => viewOf(piece(short, 0, recordsIn(short, 0) * fingerprintBytes)),
    done: () => {
      // Under its name it is whole: an interrupted removal must not leave half of it there.
      renameSync(folder, `${folder}.done`);
      rmSync(`${folder}.done`, { recursive: true, force: true });
      syncPath(dirname(folder));
    },
  };
}

const recordsIn = (path: string, head: number): number => Math.floor((statSync(path).size - head) / fingerprintBytes);

const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.length);

function piece(path: string, from: number, length: number): Uint8Array {
  const bytes = Buffer.alloc(length);
  const file = openSync(path, 'r');
  try {
    for (let done = 0; done < length;) {
      const read = readSync(file, bytes, done, length - done, from + done);
      if (read === 0) throw new CosmicError('store.corrupt', `${path} is cut short`);
      done += read;
    }
  } finally {
    closeSync(file);
  }
  return bytes;
}
