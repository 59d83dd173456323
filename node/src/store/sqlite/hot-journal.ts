import { closeSync, existsSync, fstatSync, fsyncSync, ftruncateSync, openSync, readSync, writeSync } from 'node:fs';

const MAGIC = 'd9d505f920a163d7';
const HEADER_BYTES = 28;
/** "All records to the end of the file." */
const ALL = 0xffff_ffff;

/**
 * Undoes a transaction that a crash left half-written, from the rollback journal beside the file (format:
 * sqlite.org/fileformat2.html, section 3). SQLite does this by itself when it opens a file, except in the WebAssembly
 * build: that takes its own lock for another process at work, and would use the half-written file. Only for the owner of
 * the folder, before anything is opened. Answers whether there was something to undo.
 */
export function rollBack(path: string): boolean {
  if (!existsSync(path) || !existsSync(`${path}-journal`)) return false;
  const journal = openSync(`${path}-journal`, 'r+');
  try {
    const size = fstatSync(journal).size;
    const header = headerAt(journal, 0, size);
    if (header === undefined) return false;
    const file = openSync(path, 'r+');
    try {
      ftruncateSync(file, header.pages * header.pageBytes);
      restorePages(journal, file, size);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    ftruncateSync(journal, 0);
    fsyncSync(journal);
    return true;
  } finally {
    closeSync(journal);
  }
}

interface Header {
  readonly records: number;
  readonly nonce: number;
  /** Size of the file before the transaction. */
  readonly pages: number;
  readonly sectorBytes: number;
  readonly pageBytes: number;
}

/** Undefined where no segment begins. */
function headerAt(journal: number, at: number, size: number): Header | undefined {
  const bytes = Buffer.alloc(HEADER_BYTES);
  if (at + HEADER_BYTES > size || readSync(journal, bytes, 0, HEADER_BYTES, at) < HEADER_BYTES) return undefined;
  if (bytes.toString('hex', 0, 8) !== MAGIC) return undefined;
  const [records, nonce, pages, sectorBytes, pageBytes] = [8, 12, 16, 20, 24].map((from) => bytes.readUInt32BE(from));
  const isPower = (n: number): boolean => n >= 32 && n <= 65_536 && (n & (n - 1)) === 0;
  if (!isPower(sectorBytes!) || !isPower(pageBytes!)) return undefined;
  return { records: records!, nonce: nonce!, pages: pages!, sectorBytes: sectorBytes!, pageBytes: pageBytes! };
}

/** Segment by segment, up to the first record that is not whole: from there on nothing had reached the file. */
function restorePages(journal: number, file: number, size: number): void {
  const first = headerAt(journal, 0, size)!;
  for (let at = 0; ;) {
    const header = headerAt(journal, at, size);
    if (header === undefined) return;
    at += first.sectorBytes;
    const record = Buffer.alloc(header.pageBytes + 8);
    const fits = Math.floor((size - at) / record.length);
    for (let left = header.records === ALL ? fits : header.records; left > 0; left--, at += record.length) {
      if (readSync(journal, record, 0, record.length, at) < record.length) return;
      const page = record.readUInt32BE(0);
      const content = record.subarray(4, 4 + header.pageBytes);
      if (page === 0 || record.readUInt32BE(4 + header.pageBytes) !== sumOf(content, header.nonce)) return;
      if (page <= first.pages) writeSync(file, content, 0, content.length, (page - 1) * header.pageBytes);
    }
    at = Math.ceil(at / first.sectorBytes) * first.sectorBytes;
  }
}

/** Every 200th byte from the end, added to the segment's nonce. */
function sumOf(page: Buffer, nonce: number): number {
  let sum = nonce;
  for (let at = page.length - 200; at > 0; at -= 200) sum = (sum + page[at]!) >>> 0;
  return sum;
}
