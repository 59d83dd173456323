import type { FastifyReply } from 'fastify';
import { codes, problemOf, type Code } from '@cosmicembeddings/sdk';

/** Answers a refusal as an RFC 9457 problem object, with the status of its code. */
export function sendProblem(reply: FastifyReply, code: Code, detail: string, retryAfterSeconds?: number): FastifyReply {
  if (codes[code].retry) void reply.header('retry-after', String(retryAfterSeconds ?? 1));
  return reply.code(codes[code].http).type('application/problem+json').send(problemOf(code, detail));
}
