import { randomFillSync } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';

const NAME = /^[\w.:/+=-]{1,128}$/;

/** A name's bytes, and the names that one drawing of randomness is enough for. */
const BYTES = 9;
const pool = Buffer.alloc(BYTES * 512);
let used = pool.length;

function newName(): string {
  if (used === pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  used += BYTES;
  return pool.toString('base64url', used - BYTES, used);
}

/** The name of a request: the asker's own `x-request-id` or a new one; it stands in the answer and in the log. */
export function nameRequest(request: IncomingMessage, response: ServerResponse): void {
  const given = request.headers['x-request-id'];
  const name = typeof given === 'string' && NAME.test(given) ? given : newName();
  request.headers['x-request-id'] = name;
  response.setHeader('x-request-id', name);
}
