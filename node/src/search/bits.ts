/** Bitsets over row labels: bit i is byte i >> 3, least significant bit first; beyond the end: not set. */

export function hasLabel(bits: Uint8Array, label: number): boolean {
  return ((bits[label >> 3] ?? 0) & (1 << (label & 7))) !== 0;
}

export function bitsOf(labels: Iterable<number>): Uint8Array {
  const list = [...labels].filter((label) => label >= 0);
  const bits = new Uint8Array((list.reduce((most, label) => Math.max(most, label), -1) >> 3) + 1);
  for (const label of list) bits[label >> 3]! |= 1 << (label & 7);
  return bits;
}

/** What is in both. */
export function both(a: Uint8Array, b: Uint8Array): Uint8Array {
  const out = a.slice(0, Math.min(a.length, b.length));
  for (let i = 0; i < out.length; i++) out[i]! &= b[i]!;
  return out;
}

/** What is in `a` but not in `b`. */
export function without(a: Uint8Array, b: Uint8Array): Uint8Array {
  const out = a.slice();
  const end = Math.min(a.length, b.length);
  for (let i = 0; i < end; i++) out[i]! &= ~b[i]!;
  return out;
}

/** What is in either. */
export function either(a: Uint8Array, b: Uint8Array): Uint8Array {
  const [out, other] = a.length >= b.length ? [a.slice(), b] : [b.slice(), a];
  for (let i = 0; i < other.length; i++) out[i]! |= other[i]!;
  return out;
}

export function isEmpty(bits: Uint8Array): boolean {
  return bits.every((byte) => byte === 0);
}

/** Up to `n` of the labels that are set, evenly spread over all of them. */
export function spreadLabels(bits: Uint8Array, n: number): number[] {
  const labels: number[] = [];
  for (let i = 0; i < bits.length; i++)
    for (let bit = 0, byte = bits[i]!; byte !== 0; bit++, byte >>= 1) if ((byte & 1) === 1) labels.push(i * 8 + bit);
  return spread(labels.length, n).map((i) => labels[i]!);
}

/** Up to `n` of the numbers below `total`, evenly spread. */
export function spread(total: number, n: number): number[] {
  const count = Math.min(total, n);
  return Array.from({ length: count }, (_, i) => Math.floor(((i + 0.5) * total) / count));
}
