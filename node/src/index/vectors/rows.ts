import { closeSync, existsSync, fstatSync, fsyncSync, ftruncateSync, openSync, readSync, writeSync } from 'node:fs';
import { crc32 } from 'node:zlib';
import { outlineBytesOf, Outlines, WholeQuery } from './outlines.js';
import { PackedRows, rowBytesOf, type RowFormat } from './row-format.js';

/** Rows of at most 4 MiB make a chunk, a power of two of them, so that slot → chunk is a shift. */
const CHUNK_MAX_BYTES = 4 << 20;
/** Rows that are read at one time by who reads one after another. */
const AHEAD = 32;

export function chunkRowsFor(format: RowFormat, dims: number): number {
  return 1 << (31 - Math.clz32(Math.max(1, Math.floor(CHUNK_MAX_BYTES / rowBytesOf(format, dims)))));
}

/**
 * The rows of one space by slot: a flat file, held in memory in chunks as it is. A chunk is read, and its checksum
 * compared, when it is first touched; rows appended since the last `flush` are in memory alone. Beyond the memory
 * budget rows are read one by one from the file.
 *
 * Read into memory, not by `pread` per row: 64 candidates are about 30 µs of dot products in memory, while 64 reads
 * of a file cost a system call each (an estimate, not a measurement of ours).
 */
export class RowFile {
  readonly chunkRows: number;
  private readonly shift: number;
  private readonly mask: number;
  private readonly rowBytes: number;
  private readonly chunks: (PackedRows | undefined)[] = [];
  /** Of chunks that are not in memory; null: it could not be read. */
  private readonly outlines: (Outlines | null | undefined)[] = [];
  private asked: WholeQuery | undefined;
  /** Chunks that were looked at by `readSome`. */
  private readTo = 0;
  private readonly single: Float32Array;
  /** Rows that were read from the file by themselves, `aheadRows` of them from `aheadFrom` on. */
  private readonly ahead: PackedRows;
  private aheadFrom = 0;
  private aheadRows = 0;
  private fd: number | undefined;
  /** Rows that the file holds. */
  private flushed = 0;
  private count_ = 0;
  /** Checksum of each chunk's rows in the file; 0: not known, not compared. */
  private crcs: number[] = [];
  private readonly forgotten = new Set<number>();

  constructor(
    readonly format: RowFormat,
    readonly dims: number,
    readonly path: string | undefined,
    private readonly budget: Budget,
    saved?: { readonly count: number; readonly crcs: readonly number[] },
  ) {
    this.rowBytes = rowBytesOf(format, dims);
    this.chunkRows = chunkRowsFor(format, dims);
    this.shift = 31 - Math.clz32(this.chunkRows);
    this.mask = this.chunkRows - 1;
    this.single = new Float32Array(dims);
    this.ahead = new PackedRows(format, dims, AHEAD);
    if (saved !== undefined) {
      this.flushed = this.count_ = saved.count;
      this.crcs = [...saved.crcs];
    }
  }

  get count(): number {
    return this.count_;
  }

  /** Copies the row in; answers its slot. */
  append(vector: Float32Array): number {
    const slot = this.count_;
    const chunk = this.roomFor(slot);
    chunk.set(slot & this.mask, vector);
    this.count_++;
    return slot;
  }

  /** Where a row lies: `data[offset]` onwards. `data` may be overwritten by the next call; a `copy` is not. */
  at(slot: number): Float32Array {
    const chunk = this.chunks[slot >> this.shift] ?? this.load(slot >> this.shift);
    if (chunk?.plain !== undefined) return chunk.plain;
    if (chunk !== undefined) chunk.read(slot & this.mask, this.single);
    else {
      if (slot < this.aheadFrom || slot >= this.aheadFrom + this.aheadRows) this.readAhead(slot);
      this.ahead.read(slot - this.aheadFrom, this.single);
    }
    return this.single;
  }

  /** One row; of whoever reads one after another, some more. */
  private readAhead(slot: number): void {
    const isNext = this.aheadRows > 0 && slot === this.aheadFrom + this.aheadRows;
    const rows = isNext ? Math.min(AHEAD, this.flushed - slot) : 1;
    this.aheadRows = 0;
    const { rowBytes } = this;
    readAll(this.file(), this.ahead.bytes.subarray(0, rows * rowBytes), slot * rowBytes, this.path!);
    this.aheadFrom = slot;
    this.aheadRows = rows;
  }

  offset(slot: number): number {
    return this.chunks[slot >> this.shift]?.plain === undefined ? 0 : (slot & this.mask) * this.dims;
  }

  /** Where a row lies, for as long as no row is forgotten: of what is not in memory as it is, a copy. */
  lasting(slot: number): { readonly data: Float32Array; readonly offset: number } {
    const plain = this.chunks[slot >> this.shift]?.plain;
    return plain === undefined
      ? { data: this.copy(slot), offset: 0 }
      : { data: plain, offset: (slot & this.mask) * this.dims };
  }

  /** A copy of a row. */
  copy(slot: number): Float32Array {
    const data = this.at(slot);
    const at = this.offset(slot);
    return data.slice(at, at + this.dims);
  }

  /** What the product of a query of length one with a row is at most; Infinity where the row itself is as near. */
  most(query: Float32Array, slot: number): number {
    const c = slot >> this.shift;
    if (this.chunks[c] !== undefined) return Infinity;
    const outlines = this.outlines[c];
    if (!outlines) return Infinity;
    if (this.asked?.query !== query) this.asked = new WholeQuery(query);
    return outlines.most(this.asked, slot & this.mask);
  }

  /** Reads one more chunk of a file that fits into memory as a whole; false where there is none. @throws RowsDamaged */
  readSome(): boolean {
    if (this.format !== 'f32' || this.flushed * this.rowBytes > this.budget.maxBytes) return false;
    while (this.readTo << this.shift < this.flushed) {
      const c = this.readTo++;
      if (this.chunks[c] === undefined) return this.load(c) !== undefined;
    }
    return false;
  }

  /** Outlines one chunk of rows that are not in memory; false where there is none, or no room. @throws RowsDamaged */
  outlineSome(): boolean {
    const { budget, chunkRows, dims, format } = this;
    const bytes = outlineBytesOf(dims, chunkRows);
    if (format !== 'f32' || budget.used + chunkRows * this.rowBytes <= budget.maxBytes) return false;
    for (let c = 0; (c + 1) << this.shift <= this.flushed; c++) {
      if (this.chunks[c] !== undefined || this.outlines[c] !== undefined) continue;
      if ((budget.outlined ?? 0) + bytes > (budget.outlinesMaxBytes ?? 0)) return false;
      this.outlines[c] = null;
      const outlines = new Outlines(this.readChunk(c, chunkRows).plain!, dims, chunkRows);
      for (const slot of this.forgotten) if (slot >> this.shift === c) outlines.forget(slot & this.mask);
      this.outlines[c] = outlines;
      budget.outlined = (budget.outlined ?? 0) + bytes;
      return true;
    }
    return false;
  }

  /** The row is to be forgotten: zeros in memory now, in the file by `wipe`, after a state file has said so. */
  forget(slot: number): void {
    const chunk = this.chunks[slot >> this.shift];
    chunk?.bytes.fill(0, (slot & this.mask) * this.rowBytes, ((slot & this.mask) + 1) * this.rowBytes);
    this.outlines[slot >> this.shift]?.forget(slot & this.mask);
    this.aheadRows = 0;
    if (slot < this.flushed) {
      this.crcs[slot >> this.shift] = 0;
      this.forgotten.add(slot);
    }
  }

  /** Slots whose numbers the file still holds. */
  get toWipe(): readonly number[] {
    return [...this.forgotten];
  }

  /** Overwrites what was forgotten with zeros, durably. */
  wipe(): void {
    if (this.forgotten.size === 0) return;
    const fd = this.file();
    const zeros = new Uint8Array(this.rowBytes);
    for (const slot of this.forgotten) writeAll(fd, zeros, slot * zeros.length);
    fsyncSync(fd);
    this.forgotten.clear();
    this.rest();
  }

  /** Appends what is new to the file. Answers what a state file must remember. */
  flush(durable: boolean): { readonly count: number; readonly crcs: readonly number[] } {
    const fd = this.file();
    const { rowBytes } = this;
    while (this.flushed < this.count_) {
      const c = this.flushed >> this.shift;
      const chunk = this.chunks[c]!;
      const end = Math.min(this.count_, (c + 1) << this.shift);
      const first = this.flushed & this.mask;
      writeAll(
        fd,
        chunk.bytes.subarray(first * rowBytes, (first + end - this.flushed) * rowBytes),
        this.flushed * rowBytes,
      );
      this.flushed = end;
      this.crcs[c] = 0;
    }
    const chunks = Math.ceil(this.count_ / this.chunkRows);
    const changing = new Set([...this.forgotten].map((slot) => slot >> this.shift));
    for (let c = 0; c < chunks; c++) {
      // The state file comes before the wiping, so it cannot know the sum yet; the next one does.
      if (changing.has(c)) this.crcs[c] = 0;
      if (changing.has(c) || this.crcs[c]) continue;
      const chunk = this.chunks[c];
      if (chunk !== undefined) this.crcs[c] = this.crcOf(chunk, this.rowsIn(c));
    }
    this.crcs.length = chunks;
    if (durable) fsyncSync(fd);
    this.rest();
    if (this.budget.used > this.budget.maxBytes) this.release();
    return { count: this.count_, crcs: this.crcs };
  }

  /** Is the file as long as it was? @throws RowsDamaged */
  check(): void {
    if (this.flushed === 0) return;
    this.file();
    this.rest();
  }

  /** Of a file that is gone, or was cut: as long again as it was, with zeros. Whoever calls leaves those rows out. */
  lengthen(): void {
    if (this.path === undefined) return;
    const fd = openSync(this.path, existsSync(this.path) ? 'r+' : 'w+', 0o600);
    try {
      const bytes = this.flushed * this.rowBytes;
      if (fstatSync(fd).size < bytes) ftruncateSync(fd, bytes);
    } finally {
      closeSync(fd);
    }
  }

  /** Bytes of rows held in memory. */
  get residentBytes(): number {
    return this.chunks.reduce((sum, chunk) => sum + (chunk?.bytes.length ?? 0), 0);
  }

  close(): void {
    this.dropAll();
    if (this.fd !== undefined) closeSync(this.fd);
    this.fd = undefined;
  }

  private dropAll(): void {
    this.budget.used -= this.residentBytes;
    for (const one of this.outlines) this.budget.outlined! -= one?.bytes ?? 0;
    this.chunks.length = this.outlines.length = 0;
  }

  /** Gives back full chunks that the file holds. */
  private release(): void {
    for (let c = 0; c < this.chunks.length && this.budget.used > this.budget.maxBytes; c++) {
      if (this.chunks[c] === undefined || (c + 1) << this.shift > this.flushed || !this.crcs[c]) continue;
      this.budget.used -= this.chunks[c]!.bytes.length;
      this.chunks[c] = undefined;
    }
  }

  private rowsIn(c: number): number {
    return Math.min(this.chunkRows, this.count_ - (c << this.shift));
  }

  /** The chunk of a slot about to be written; small spaces get small chunks that double. */
  private roomFor(slot: number): PackedRows {
    const c = slot >> this.shift;
    const inside = slot & this.mask;
    let chunk = this.chunks[c];
    if (chunk === undefined && inside > 0) chunk = this.load(c, true);
    if (chunk !== undefined && chunk.room > inside) return chunk;
    const rows = c > 0 ? this.chunkRows : Math.min(this.chunkRows, Math.max(4, inside * 2));
    const grown = new PackedRows(this.format, this.dims, rows);
    if (chunk !== undefined) grown.bytes.set(chunk.bytes);
    this.budget.used += grown.bytes.length - (chunk?.bytes.length ?? 0);
    this.chunks[c] = grown;
    return grown;
  }

  /** Reads a chunk into memory if the budget allows it. @throws RowsDamaged */
  private load(c: number, always = false): PackedRows | undefined {
    const rows = Math.min(this.chunkRows, this.flushed - (c << this.shift));
    const space = c > 0 ? this.chunkRows : rows;
    if (!always && this.budget.used + space * this.rowBytes > this.budget.maxBytes) return undefined;
    const chunk = this.readChunk(c, space);
    this.dropOutlines(c);
    this.chunks[c] = chunk;
    this.budget.used += chunk.bytes.length;
    this.rest();
    return chunk;
  }

  private dropOutlines(c: number): void {
    const outlines = this.outlines[c];
    if (outlines) this.budget.outlined! -= outlines.bytes;
    this.outlines[c] = undefined;
  }

  /** A chunk of the file, with room for so many rows. @throws RowsDamaged */
  private readChunk(c: number, room: number): PackedRows {
    const rows = Math.min(this.chunkRows, this.flushed - (c << this.shift));
    const chunk = new PackedRows(this.format, this.dims, room);
    readAll(this.file(), chunk.bytes.subarray(0, rows * this.rowBytes), (c << this.shift) * this.rowBytes, this.path!);
    if (this.crcs[c] && this.crcs[c] !== this.crcOf(chunk, rows))
      throw new RowsDamaged(`${this.path}: checksum of rows ${c << this.shift} to ${(c << this.shift) + rows}`, {
        from: c << this.shift,
        to: (c << this.shift) + rows,
      });
    return chunk;
  }

  /** Small spaces are many: they do not keep their file open. */
  private rest(): void {
    if (this.fd === undefined || this.count_ > this.chunkRows) return;
    closeSync(this.fd);
    this.fd = undefined;
  }

  private crcOf(chunk: PackedRows, rows: number): number {
    return crc32(chunk.bytes.subarray(0, rows * this.rowBytes)) || 1;
  }

  private file(): number {
    if (this.path === undefined) throw new Error('these rows have no file');
    if (this.fd === undefined) {
      if (this.flushed === 0) this.fd = openSync(this.path, 'w+', 0o600);
      else {
        const bytes = this.flushed * this.rowBytes;
        this.fd = openSaved(this.path);
        const { size } = fstatSync(this.fd);
        if (size < bytes)
          throw new RowsDamaged(`${this.path}: ${size} bytes where ${bytes} were saved`, {
            // Of a chunk that was cut, no sum says that its rest is right.
            from: (Math.floor(size / this.rowBytes) >> this.shift) << this.shift,
            to: this.count_,
          });
        // What a crash left behind the last saved row never counted.
        ftruncateSync(this.fd, bytes);
      }
    }
    return this.fd;
  }
}

/** Memory for rows, shared by all spaces of a node. */
export interface Budget {
  readonly maxBytes: number;
  used: number;
  /** Beside it, for outlines of rows that are not in memory. Default none. */
  readonly outlinesMaxBytes?: number;
  outlined?: number;
}

/** Slots from `from` up to but not including `to`. */
export interface Slots {
  readonly from: number;
  readonly to: number;
}

/** The file is not what was saved: these rows have to be read from the store again. */
export class RowsDamaged extends Error {
  constructor(
    message: string,
    readonly slots: Slots,
  ) {
    super(message);
  }
}

function openSaved(path: string): number {
  try {
    return openSync(path, 'r+');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'ENOENT' && code !== 'EISDIR') throw error;
    throw new RowsDamaged(`${path}: it is gone`, { from: 0, to: Infinity });
  }
}

/** On a disk that is nearly full less may be written at a time. @throws as the system does */
export function writeAll(fd: number, bytes: Uint8Array, position: number): void {
  for (let done = 0; done < bytes.length;) done += writeSync(fd, bytes, done, bytes.length - done, position + done);
}

function readAll(fd: number, bytes: Uint8Array, position: number, path: string): void {
  for (let done = 0; done < bytes.length;) {
    const read = readSync(fd, bytes, done, bytes.length - done, position + done);
    if (read === 0) throw new RowsDamaged(`${path}: ends at byte ${position + done}`, { from: 0, to: Infinity });
    done += read;
  }
}
