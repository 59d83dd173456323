import { randomBytes } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';

const NAME = /^[\w.:/+=-]{1,128}$/;

/** The name of a request: the asker's own `x-request-id` or a new one; it stands in the answer and in the log. */
export function nameRequest(request: IncomingMessage, response: ServerResponse): void {
  const given = request.headers['x-request-id'];
  const name = typeof given === 'string' && NAME.test(given) ? given : randomBytes(9).toString('base64url');
  request.headers['x-request-id'] = name;
  response.setHeader('x-request-id', name);
}
