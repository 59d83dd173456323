import { utf8 } from '../bytes.js';
import { decodeBody, kindHeader, openBlock } from '../block/check.js';
import { cidOf, DAG_CBOR } from '../codec/cid.js';
import { sha256 } from '../crypto/hash.js';
import { readBody } from '../kinds/read-body.js';
import type { Registry } from '../kinds/registry.js';
import { spaceIdOf, unpackRow, type SpaceDescriptor } from '../space/index.js';
import type { BlockSource } from './write-car.js';

/** All rows of one space as float32, with the block and row behind each. */
export interface RowTable {
  readonly space: SpaceDescriptor;
  readonly spaceId: string;
  /** `id<TAB>row`, one for each row of the matrix. */
  readonly ids: readonly string[];
  /** NumPy file (format 1.0) of shape (rows, dims), little-endian float32. */
  npy(): Uint8Array;
}

/** Native blocks' rows by space; blocks without rows and inert ones are left out. b1 rows become −1 and 1. */
export async function rowTables(source: BlockSource, registry: Registry): Promise<readonly RowTable[]> {
  const tables = new Map<string, { space: SpaceDescriptor; ids: string[]; rows: Float32Array[] }>();
  for await (const wire of source()) {
    const opened = openBlock(wire);
    if (opened.status === 'rejected' || opened.block.body === null) continue;
    const { header, body, headerBytes } = opened.block;
    const decoded = decodeBody(body);
    const kind = registry.kind(header.kind);
    const parsed =
      decoded.status === 'ok' ? kind && readBody(kind, kindHeader(header), decoded.body, body.length) : undefined;
    const vectors = parsed?.ok === true ? kind!.vectors?.(parsed.body) : undefined;
    if (vectors === undefined) continue;
    const spaceId = spaceIdOf(vectors.space);
    const table = tables.get(spaceId) ?? { space: vectors.space, ids: [], rows: [] };
    tables.set(spaceId, table);
    const id = cidOf(DAG_CBOR, sha256(headerBytes)).text;
    for (let row = 0; row < vectors.stored.rows; row++) {
      table.ids.push(`${id}\t${row}`);
      table.rows.push(unpackRow(vectors.stored, vectors.space.dims, row));
    }
  }
  return [...tables].map(([spaceId, { space, ids, rows }]) => ({
    space,
    spaceId,
    ids,
    npy: () => npyOf(rows, space.dims),
  }));
}

/** NumPy format 1.0: magic, version, header length, a Python dict padded so that the data starts at a multiple of 64. */
export function npyOf(rows: readonly Float32Array[], dims: number): Uint8Array {
  const dict = `{'descr': '<f4', 'fortran_order': False, 'shape': (${rows.length}, ${dims}), }`;
  const start = Math.ceil((10 + dict.length + 1) / 64) * 64;
  const bytes = new Uint8Array(start + 4 * dims * rows.length);
  bytes.set([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0]);
  const view = new DataView(bytes.buffer);
  view.setUint16(8, start - 10, true);
  bytes.set(utf8(`${dict.padEnd(start - 11, ' ')}\n`), 10);
  rows.forEach((row, r) => row.forEach((x, i) => view.setFloat32(start + 4 * (r * dims + i), x, true)));
  return bytes;
}
