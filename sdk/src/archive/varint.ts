/** Unsigned LEB128, as CAR files count their sections; up to 2^53−1. */
export function varint(value: number): Uint8Array {
  const bytes: number[] = [];
  let rest = value;
  while (rest >= 128) {
    bytes.push((rest % 128) | 128);
    rest = Math.floor(rest / 128);
  }
  bytes.push(rest);
  return Uint8Array.from(bytes);
}

/** Value and length of the varint at `at`; undefined when the bytes end inside it. @throws RangeError for one beyond 2^53−1 */
export function readVarint(
  bytes: Uint8Array,
  at: number,
): { readonly value: number; readonly length: number } | undefined {
  let value = 0;
  let scale = 1;
  for (let i = at; i < bytes.length; i++) {
    const byte = bytes[i]!;
    value += (byte & 127) * scale;
    if (!Number.isSafeInteger(value) || i - at > 8) throw new RangeError('varint beyond 2^53−1');
    if (byte < 128) return { value, length: i - at + 1 };
    scale *= 128;
  }
  return undefined;
}
