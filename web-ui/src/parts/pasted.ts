/** A vector that was pasted or read from a file: it stays in this tab, and no address holds it. */
let kept: readonly number[] | undefined;

export function keepVector(values: readonly number[]): void {
  kept = values;
}

export function keptVector(): readonly number[] | undefined {
  return kept;
}

const LEAST = 2;
const MOST = 8192;

/** A JSON array of numbers; undefined for anything else. */
export function vectorOf(text: string): readonly number[] | undefined {
  if (!/^\s*\[[\s\d,.eE+-]*\]\s*$/.test(text)) return undefined;
  try {
    return sound(JSON.parse(text) as readonly number[]);
  } catch {
    return undefined;
  }
}

/** The first row of a NumPy file of floats (NEP 1, versions 1 to 3), or a JSON array; undefined for anything else. */
export function vectorOfFile(bytes: Uint8Array): readonly number[] | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 12 || bytes[0] !== 0x93) return vectorOf(new TextDecoder().decode(bytes));
  const isFirst = bytes[6] === 1;
  const from = isFirst ? 10 : 12;
  const end = from + (isFirst ? view.getUint16(8, true) : view.getUint32(8, true));
  const head = new TextDecoder('latin1').decode(bytes.subarray(from, end));
  const width = Number(/'descr':\s*'<f([48])'/.exec(head)?.[1]);
  const shape = (/'shape':\s*\(([^)]*)\)/.exec(head)?.[1] ?? '').split(',').filter((part) => part.trim() !== '');
  const dims = Number(shape.at(-1));
  const isRows = /'fortran_order':\s*False/.test(head) || shape.length === 1;
  if (!isRows || Number.isNaN(width) || !Number.isSafeInteger(dims) || end + dims * width > bytes.length)
    return undefined;
  return sound(
    Array.from({ length: dims }, (_, i) =>
      width === 4 ? view.getFloat32(end + 4 * i, true) : view.getFloat64(end + 8 * i, true),
    ),
  );
}

function sound(values: readonly number[]): readonly number[] | undefined {
  return values.length >= LEAST && values.length <= MOST && values.every(Number.isFinite) ? values : undefined;
}
