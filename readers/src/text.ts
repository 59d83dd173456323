import { ReadError } from './document.js';

/** Bytes as text: by byte order mark, by what they are said to be, as UTF-8, else as Windows-1252. */
export function decode(bytes: Uint8Array, charset?: string): string {
  const marked =
    bytes[0] === 0xfe && bytes[1] === 0xff
      ? 'utf-16be'
      : bytes[0] === 0xff && bytes[1] === 0xfe
        ? 'utf-16le'
        : undefined;
  for (const encoding of [marked, 'utf-8', charset, 'windows-1252']) {
    if (encoding === undefined) continue;
    try {
      return new TextDecoder(encoding, { fatal: encoding !== 'windows-1252' }).decode(bytes);
    } catch {
      // Not in this one, or no encoding of that name.
    }
  }
  throw new ReadError('read.malformed', 'its bytes are no text');
}
