import { Readable } from 'node:stream';
import type { FastifyInstance } from 'fastify';
import { concatBytes, CosmicError, wireMaxBytes } from '@cosmicembeddings/sdk';
import { costOfJudging, isText, takeTurn } from '../cost.js';
import { sendProblem } from '../problem.js';
import type { Routes } from './routes.js';

/** Judges a block without keeping it: an author's last look before publishing. */
export function checkRoutes(app: FastifyInstance, routes: Routes): void {
  app.post(
    '/v2/check',
    {
      schema: {
        summary: 'How this node judges one block, without keeping it',
        consumes: ['application/cbor-seq'],
        response: {
          200: {
            description: 'A sound block; with `inert` it would be kept and passed on, and never read here',
            type: 'object',
            required: ['id', 'kind', 'author'],
            properties: {
              id: { type: 'string' },
              kind: { type: 'string' },
              author: { type: 'string' },
              inert: {
                type: 'object',
                required: ['code', 'detail'],
                properties: { code: { type: 'string' }, detail: { type: 'string' } },
              },
            },
          },
        },
      },
    },
    async (request, reply) => {
      const wire = await bytesOf(request.body);
      await takeTurn(request, reply, routes.dear, costOfJudging(wire.length, isText(wire)));
      const verdict = await routes.check(wire);
      if (verdict.status === 'rejected') return sendProblem(reply, verdict.code, verdict.detail);
      const { author, kind, inert } = verdict.entry;
      return { id: verdict.id, kind, author, ...(inert === undefined ? {} : { inert }) };
    },
  );
}

async function bytesOf(body: unknown): Promise<Uint8Array> {
  if (!(body instanceof Readable)) throw new CosmicError('request.malformed', 'send application/cbor-seq');
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of body as AsyncIterable<Uint8Array>) {
    length += chunk.length;
    if (length > wireMaxBytes) throw new CosmicError('request.too_large', `more than ${wireMaxBytes} bytes`);
    chunks.push(chunk);
  }
  return concatBytes(...chunks);
}
