import { Readable } from 'node:stream';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { SearchAnswer } from '@cosmicembeddings/sdk';
import { vary } from './conditional.js';

/** Up to here an answer is written at once. */
const PLAIN_MAX = 200;
/** Hits that are written before everything else goes by. */
const AT_ONCE = 64;

/** A large page as JSON, written some hits at a time, as it is taken: as one text it would hold the event loop for long. */
export function sendHits(
  request: FastifyRequest,
  reply: FastifyReply,
  answer: SearchAnswer,
): SearchAnswer | FastifyReply {
  const asCbor = (request.headers.accept ?? '').includes('application/cbor');
  if (answer.hits.length <= PLAIN_MAX || asCbor) return answer;
  return vary(reply, 'accept')
    .type('application/json; charset=utf-8')
    .send(Readable.from(written(answer), { highWaterMark: 2 }));
}

async function* written({ hits, ...rest }: SearchAnswer): AsyncGenerator<string> {
  yield `${JSON.stringify(rest).slice(0, -1)},"hits":[`;
  for (let from = 0; from < hits.length; from += AT_ONCE) {
    const some = JSON.stringify(hits.slice(from, from + AT_ONCE)).slice(1, -1);
    yield from === 0 ? some : `,${some}`;
    await new Promise((resolve) => setImmediate(resolve));
  }
  yield ']}';
}
