/**
 * The encoding of the value under `key` (ASCII, under 24 characters) in the map that `bytes` begin with; shares their
 * memory. Everything else is skipped: a hundredth of what decoding costs. Judges nothing: undefined where the key is not
 * met, or where what comes before it does not look like definite-length CBOR (RFC 8949).
 */
export function valueUnder(bytes: Uint8Array, key: string): Uint8Array | undefined {
  const first = bytes[0] ?? 0;
  const entries = first & 31;
  if (first >> 5 !== 5 || entries > 23) return undefined;
  let at = 1;
  for (let entry = 0; entry < entries; entry++) {
    const isKey = bytes[at] === (0x60 | key.length) && holds(bytes, at + 1, key);
    const value = isKey ? at + 1 + key.length : skip(bytes, at);
    if (value < 0) return undefined;
    at = skip(bytes, value);
    if (at < 0) return undefined;
    if (isKey) return bytes.subarray(value, at);
  }
  return undefined;
}

/** The non-negative integer under `key`, found as `valueUnder` does. */
export function integerUnder(bytes: Uint8Array, key: string): number | undefined {
  const value = valueUnder(bytes, key);
  return value !== undefined && value[0]! >> 5 === 0 ? argumentAt(value, 0) : undefined;
}

function holds(bytes: Uint8Array, at: number, key: string): boolean {
  for (let i = 0; i < key.length; i++) if (bytes[at + i] !== key.charCodeAt(i)) return false;
  return true;
}

/** The offset behind the item at `at`, or −1. */
function skip(bytes: Uint8Array, at: number): number {
  for (let items = 1; items > 0; items--) {
    const first = bytes[at];
    if (first === undefined) return -1;
    const info = first & 31;
    const argument = argumentAt(bytes, at);
    if (argument === undefined) return -1;
    at += info < 24 ? 1 : 1 + (1 << (info - 24));
    const major = first >> 5;
    if (major === 2 || major === 3) at += argument;
    else if (major === 4) items += argument;
    else if (major === 5) items += 2 * argument;
    else if (major === 6) items += 1;
    if (at > bytes.length || items > bytes.length) return -1;
  }
  return at;
}

/** The argument of the head at `at`; undefined for one of no definite length. */
function argumentAt(bytes: Uint8Array, at: number): number | undefined {
  const info = bytes[at]! & 31;
  if (info < 24) return info;
  if (info > 27) return undefined;
  let value = 0;
  for (let i = 1; i <= 1 << (info - 24); i++) value = value * 256 + (bytes[at + i] ?? 0);
  return value;
}
