import { ReadError } from './document.js';

/**
 * Bytes as text: by byte order mark, as UTF-8, by what they are said to be, else as Windows-1252.
 * @throws ReadError read.malformed, also for UTF-8 with a damaged byte, which as Windows-1252 would be other letters
 */
export function decode(bytes: Uint8Array, charset?: string): string {
  const marked =
    bytes[0] === 0xfe && bytes[1] === 0xff
      ? 'utf-16be'
      : bytes[0] === 0xff && bytes[1] === 0xfe
        ? 'utf-16le'
        : undefined;
  for (const encoding of [marked, 'utf-8', charset, 'windows-1252']) {
    if (encoding === undefined) continue;
    if (encoding === 'windows-1252' || encoding === charset) {
      const at = damagedAt(bytes);
      if (at !== undefined) throw new ReadError('read.malformed', `UTF-8 that is damaged at byte ${at}`);
    }
    try {
      return new TextDecoder(encoding, { fatal: encoding !== 'windows-1252' }).decode(bytes);
    } catch {
      // Not in this one, or no encoding of that name.
    }
  }
  throw new ReadError('read.malformed', 'its bytes are no text');
}

/** Where UTF-8 goes wrong, in bytes of which most characters beyond ASCII are UTF-8. */
function damagedAt(bytes: Uint8Array): number | undefined {
  const text = new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes);
  const broken = text.match(/\uFFFD/g)?.length ?? 0;
  const sequences = text.match(/[^\0-\x7F\uFFFD]/gu)?.length ?? 0;
  return sequences > 0 && broken > 0 && sequences >= broken
    ? Buffer.byteLength(text.slice(0, text.indexOf('\uFFFD')))
    : undefined;
}
