import { CosmicError, type SearchRequest } from '@cosmicembeddings/sdk';

/** Where a page of hits ended. */
export interface SearchCursor {
  /** Labels given out when the first page was made: later arrivals do not shift what follows. */
  readonly labels: number;
  readonly seq: number;
  readonly epoch: string;
  /** What was shown: labels of rows, or sequence numbers of blocks. */
  readonly shown: readonly number[];
}

/** Hits that one chain of pages can show. */
export const shownMax = 20_000;

export function writeCursor(cursor: SearchCursor, request: SearchRequest): string {
  const shown = [...cursor.shown].sort((a, b) => a - b);
  const deltas = shown.map((value, i) => value - (shown[i - 1] ?? 0));
  return Buffer.from(
    JSON.stringify([
      fingerprint(request),
      cursor.epoch,
      cursor.seq,
      cursor.labels,
      deltas.map((delta) => delta.toString(36)).join('.'),
    ]),
  ).toString('base64url');
}

/** @throws CosmicError search.bad_query when it is not from an answer to the same question */
export function readCursor(text: string, request: SearchRequest): SearchCursor {
  const parts = parse(text);
  if (parts === undefined)
    throw new CosmicError('search.bad_query', `after: not from a previous answer: ${text.slice(0, 60)}`);
  const [print, epoch, seq, labels, deltas] = parts;
  if (print !== fingerprint(request))
    throw new CosmicError(
      'search.bad_query',
      'after: it belongs to another question; ask the same question with another page',
    );
  let value = 0;
  const shown = deltas === '' ? [] : deltas.split('.', shownMax + 1).map((delta) => (value += parseInt(delta, 36)));
  if (shown.length > shownMax)
    throw new CosmicError(
      'search.bad_query',
      `after: pages end after ${shownMax} hits; narrow the question with a filter`,
    );
  return { epoch, seq, labels, shown };
}

function parse(text: string): [string, string, number, number, string] | undefined {
  try {
    const value = JSON.parse(Buffer.from(text, 'base64url').toString('utf8')) as unknown;
    if (!Array.isArray(value) || value.length !== 5) return undefined;
    const [print, epoch, seq, labels, deltas] = value as unknown[];
    const good =
      typeof print === 'string' &&
      typeof epoch === 'string' &&
      Number.isSafeInteger(seq) &&
      Number.isSafeInteger(labels) &&
      typeof deltas === 'string' &&
      /^([0-9a-z]+(\.[0-9a-z]+)*)?$/.test(deltas);
    return good ? (value as [string, string, number, number, string]) : undefined;
  } catch {
    return undefined;
  }
}

/** FNV-1a of all that decides the order of the hits; page size, explanation and place do not. */
function fingerprint({ k: _, after: __, explain: ___, vector, ...rest }: SearchRequest): string {
  const text = JSON.stringify([rest, vector?.space], (_key, value: unknown) =>
    isObject(value) ? Object.fromEntries(Object.entries(value).sort()) : value,
  );
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  // As text, 384 numbers would cost more than finding what is near them.
  if (vector !== undefined) {
    const words = new Uint32Array(new Float32Array(vector.values).buffer);
    for (let i = 0; i < words.length; i++) hash = Math.imul(hash ^ words[i]! ^ (words[i]! >>> 15), 0x01000193);
  }
  return (hash >>> 0).toString(36);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
