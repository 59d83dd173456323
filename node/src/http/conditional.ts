import { createHash } from 'node:crypto';
import type { FastifyReply, FastifyRequest } from 'fastify';

/** How the bytes of a tag are told from those of the same answer compressed (RFC 9110 section 8.8.3.3). */
export const COMPRESSED = '-gzip"';

/** A strong entity tag of bytes and the form in which they are written. */
export function tagOf(bytes: Uint8Array, form: string): string {
  return `"${createHash('sha256').update(bytes).digest('base64url').slice(0, 27)}.${form}"`;
}

/** Has whoever asks this representation already? RFC 9110 section 13.1.2, weak comparison. */
export function isKnown(request: FastifyRequest, tag: string): boolean {
  const known = request.headers['if-none-match'];
  if (known === undefined) return false;
  if (known.trim() === '*') return true;
  return (known.match(/"[^"]*"/g) ?? []).some((one) => one === tag || one.replace(COMPRESSED, '"') === tag);
}

/** Names what an answer was chosen by, beside what was named before. */
export function vary(reply: FastifyReply, name: string): FastifyReply {
  const before = String(reply.getHeader('vary') ?? reply.raw.getHeader('vary') ?? '');
  const names = before.split(/, */).filter((one) => one !== '');
  return names.includes(name) ? reply : reply.header('vary', [...names, name].join(', '));
}
