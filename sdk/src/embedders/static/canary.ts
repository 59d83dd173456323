import { fromBase64 } from '../../bytes.js';
import type { Canary } from '../../space/index.js';

/** A canary of a built-in embedder: its vector as 16-bit numbers over 32768, little-endian, in base64. */
export function canary(text: string, base64: string): Canary {
  const bytes = fromBase64(base64);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const vector = Float32Array.from({ length: bytes.length / 2 }, (_, i) => view.getInt16(2 * i, true) / 32768);
  return { text, role: 'passage', vector };
}
