import { hasWords, type Part, type ReadDocument } from './document.js';
import { decode } from './text.js';

const LINES_MAX = 60;
const LINES_MIN = 12;

/**
 * Source code in runs of whole top-level pieces: a run ends before a line that begins at the margin after an empty one,
 * when it has a dozen lines; none is longer than sixty.
 */
export function readCode(bytes: Uint8Array): ReadDocument {
  const lines = decode(bytes)
    .replace(/^\uFEFF/, '')
    .replace(/\r\n?/g, '\n')
    .split('\n');
  const parts: Part[] = [];
  let from = 0;
  const end = (to: number): void => {
    const text = lines.slice(from, to).join('\n').replace(/\s+$/u, '');
    // RFC 5147: positions between lines, so these are the lines after `from` up to `to`.
    if (hasWords(text)) parts.push({ text: text.replace(/^\n+/, ''), at: `line=${from},${to}` });
    from = to;
  };
  for (let i = 1; i < lines.length; i++) {
    const begins = lines[i - 1]!.trim() === '' && /^[^\s})\]]/.test(lines[i]!);
    if ((begins && i - from >= LINES_MIN) || i - from >= LINES_MAX) end(i);
  }
  end(lines.length);
  return { format: 'source code', parts, left: [] };
}
