import { open, type FileHandle } from 'node:fs/promises';
import { basename } from 'node:path';
import { CosmicError } from '@cosmicembeddings/sdk';
import { foreignOf, type Foreign } from './record.js';

/** Rows of one after another in a file. */
interface Matrix {
  readonly rows: number;
  readonly dims: number;
  readonly start: number;
  readonly number: 'f2' | 'f4' | 'f8';
  readonly ids?: readonly string[];
}

const READ_BYTES = 1024 * 1024;
const HEADER_MAX = 64 * 1024;

/**
 * Rows of a NumPy file (format 1 to 3, two-dimensional, C order, little-endian float16, 32 or 64) or of a flat FAISS index
 * (`IndexFlatL2`, `IndexFlatIP`, either inside `IndexIDMap`). `beside`: a line of fields for each row, in order; `counted`:
 * told the number of rows first.
 * @throws CosmicError input.malformed, input.not_found
 */
export async function* matrixRows(
  path: string,
  beside?: AsyncIterator<Readonly<Record<string, unknown>>>,
  counted?: (rows: number) => void,
): AsyncGenerator<Foreign> {
  const file = await open(path).catch((cause: unknown) => {
    throw new CosmicError('input.not_found', path, { cause });
  });
  try {
    const head = Buffer.alloc(HEADER_MAX);
    const { bytesRead } = await file.read(head, 0, HEADER_MAX, 0);
    const { size } = await file.stat();
    const shape = head.subarray(0, bytesRead);
    const matrix = shape[0] === 0x93 ? npyShape(shape, path) : await faissShape(shape, path, file);
    const width = Number(matrix.number[1]) * matrix.dims;
    if (matrix.start + matrix.rows * width > size) throw unread(path, 'it is shorter than its header says');
    counted?.(matrix.rows);
    const at = Math.max(1, Math.floor(READ_BYTES / width));
    for (let from = 0; from < matrix.rows; from += at) {
      const rows = Math.min(at, matrix.rows - from);
      const bytes = Buffer.alloc(rows * width);
      await file.read(bytes, 0, bytes.length, matrix.start + from * width);
      for (let row = 0; row < rows; row++) {
        const next = await beside?.next();
        const fields = next?.done === false ? next.value : {};
        const fallback = matrix.ids?.[from + row] ?? `${basename(path)}:${from + row}`;
        yield foreignOf(fields, fallback, numbersIn(bytes.subarray(row * width, (row + 1) * width), matrix)) as Foreign;
      }
    }
  } finally {
    await file.close();
  }
}

function numbersIn(bytes: Buffer, { dims, number }: Matrix): Float32Array {
  return Float32Array.from({ length: dims }, (_, i) =>
    number === 'f4'
      ? bytes.readFloatLE(4 * i)
      : number === 'f8'
        ? bytes.readDoubleLE(8 * i)
        : half(bytes.readUInt16LE(2 * i)),
  );
}

/** IEEE 754 binary16. */
function half(bits: number): number {
  const [sign, exponent, fraction] = [bits >> 15 === 1 ? -1 : 1, (bits >> 10) & 31, bits & 1023];
  if (exponent === 31) return fraction === 0 ? sign * Infinity : NaN;
  return sign * (exponent === 0 ? fraction * 2 ** -24 : (1 + fraction / 1024) * 2 ** (exponent - 15));
}

function npyShape(head: Buffer, path: string): Matrix {
  const wide = head[6]! >= 2;
  const start = (wide ? 12 : 10) + (wide ? head.readUInt32LE(8) : head.readUInt16LE(8));
  const dict = head.subarray(wide ? 12 : 10, start).toString('latin1');
  const number = /'descr': *'[<|](f[248])'/.exec(dict)?.[1] as Matrix['number'] | undefined;
  const shape = /'shape': *\((\d+), *(\d+),? *\)/.exec(dict);
  if (number === undefined || shape === null || !/'fortran_order': *False/.test(dict))
    throw unread(
      path,
      'a two-dimensional array of little-endian floats in C order is read; np.ascontiguousarray(x, "<f4") makes one',
    );
  return { number, start, rows: Number(shape[1]), dims: Number(shape[2]) };
}

/** faiss/impl/index_write.cpp: magic, header of 33 bytes, then the numbers behind their count; ids behind those. */
async function faissShape(head: Buffer, path: string, file: FileHandle): Promise<Matrix> {
  const HEADER = 33;
  const at = head.toString('latin1', 0, 4) === 'IxMp' ? 4 + HEADER : 0;
  const magic = head.toString('latin1', at, at + 4);
  if (!['IxF2', 'IxFI', 'IxFl'].includes(magic))
    throw unread(
      path,
      `neither NumPy nor a flat FAISS index (${JSON.stringify(magic)}); index.reconstruct_n(0, index.ntotal) saved with numpy.save is read`,
    );
  const start = at + 4 + HEADER + 8;
  const dims = head.readInt32LE(at + 4);
  const rows = Number(head.readBigInt64LE(at + 8));
  if (dims <= 0 || rows < 0 || Number(head.readBigUInt64LE(start - 8)) !== rows * dims)
    throw unread(path, 'its numbers do not add up');
  const matrix: Matrix = { number: 'f4', dims, rows, start };
  if (at === 0) return matrix;
  const ids = Buffer.alloc(8 * rows);
  await file.read(ids, 0, ids.length, start + 4 * dims * rows + 8);
  return { ...matrix, ids: Array.from({ length: rows }, (_, i) => String(ids.readBigInt64LE(8 * i))) };
}

function unread(path: string, why: string): CosmicError {
  return new CosmicError('input.malformed', `${path}: ${why}`);
}
