/**
 * A matrix as an NPY file (NEP 1, format version 1.0): little-endian float32, C order, `rows.length` × `dims`.
 */
export function npyOf(rows: readonly Float32Array[], dims: number): Uint8Array {
  const dict = `{'descr': '<f4', 'fortran_order': False, 'shape': (${rows.length}, ${dims}), }`;
  // Magic, version and length take 10 bytes; the data begins at a multiple of 64.
  const padded = dict.padEnd(Math.ceil((dict.length + 11) / 64) * 64 - 11) + '\n';
  const out = new Uint8Array(10 + padded.length + 4 * dims * rows.length);
  out.set([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, padded.length & 255, padded.length >> 8]);
  out.set(new TextEncoder().encode(padded), 10);
  const view = new DataView(out.buffer);
  let at = 10 + padded.length;
  for (const row of rows)
    for (let i = 0; i < dims; i++, at += 4) view.setFloat32(at, row[i]!, true);
  return out;
}
