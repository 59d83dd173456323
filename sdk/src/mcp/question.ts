import type { Watched } from '../agent/types.js';
import { fromBase64, utf8 } from '../bytes.js';

export const WATCH_URI = 'cosmic://watch/';
const QUESTION_MAX = 2048;
const KEYS = ['near', 'minScore', 'where', 'authors', 'collection'] as const;

/** What stands in `cosmic://watch/{q}`: a question as base64url of its JSON. There is no state behind it. undefined: none. */
export function readQuestion(uri: string): Watched | undefined {
  const text = uri.slice(WATCH_URI.length);
  if (!uri.startsWith(WATCH_URI) || text.length > QUESTION_MAX) return undefined;
  try {
    const base64 = text.replaceAll('-', '+').replaceAll('_', '/');
    const bytes = fromBase64(base64 + '='.repeat((4 - (base64.length % 4)) % 4));
    const value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes)) as unknown;
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
    const known = Object.keys(value).every((key) => (KEYS as readonly string[]).includes(key));
    const { near, minScore } = value as Watched;
    const isSound = (near === undefined || typeof near === 'string') && (minScore === undefined || isCosine(minScore));
    return known && isSound ? (value as Watched) : undefined;
  } catch {
    return undefined;
  }
}

function isCosine(value: unknown): boolean {
  return typeof value === 'number' && value >= -1 && value <= 1;
}

/** The address of a question. */
export function watchUri(question: Omit<Watched, 'signal'>): string {
  const bytes = utf8(JSON.stringify(question));
  const base64 = btoa(String.fromCharCode(...bytes));
  return WATCH_URI + base64.replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '');
}
