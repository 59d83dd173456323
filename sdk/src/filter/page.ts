import { fromHex, toHex } from '../bytes.js';
import { CosmicError } from '../errors.js';
import type { JsonSchema } from '../schema/index.js';

export interface Page {
  readonly limit: number;
  /** Opaque; from the previous answer. */
  readonly after?: string;
  readonly order?: 'newest' | 'oldest';
  /** `hide` leaves out what this node knows to be retracted, replaced or otherwise hidden; a page may then be shorter than `limit`. */
  readonly hidden?: 'hide' | 'show';
}

/** Schemas of a page's fields; `limit` and `order` have defaults. */
export const pageFields: Readonly<Record<string, JsonSchema>> = {
  limit: { type: 'integer', minimum: 1, maximum: 1000, default: 100 },
  after: { type: 'string', description: '`next` of the previous answer' },
  order: { type: 'string', enum: ['newest', 'oldest'], default: 'newest' },
  hidden: { type: 'string', enum: ['hide', 'show'], default: 'show' },
};

/** Where a page ended: the order's own key, so that arrivals in between neither repeat nor hide blocks. */
export interface PageKey {
  readonly timeMs: number;
  /** Hexadecimal. */
  readonly digest: string;
}

export function pageKey({ timeMs, digest }: PageKey): string {
  return `${timeMs}.${digest}`;
}

/** @throws CosmicError request.malformed */
export function readPageKey(text: string): PageKey {
  const match = /^(\d{1,16})\.([0-9a-f]{64})$/.exec(text);
  if (match === null)
    throw new CosmicError('request.malformed', `after: not from a previous answer: ${text.slice(0, 100)}`);
  return { timeMs: Number(match[1]), digest: toHex(fromHex(match[2]!)) };
}
