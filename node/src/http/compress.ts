import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { FastifyInstance } from 'fastify';
import { COMPRESSED, vary } from './conditional.js';

const compress = promisify(gzip);

/** Below this nothing is won; above it one answer would hold a thread for long. */
const LEAST_BYTES = 1024;
const MOST_BYTES = 4 * 1024 * 1024;
/** Answers that are being compressed at a time; others go as they are, nobody waits. */
const AT_ONCE = 4;
/** Maps are columns of alike numbers. */
const TEXTS = /^(?:application\/(?:[a-z.-]+\+)?json|application\/vnd\.cosmicembeddings\.map|text\/(?!event-stream))/;

/**
 * Answers that are there as a whole, compressed where the asker takes gzip (RFC 9110 section 12.5.3). Streams go as they
 * are: compressing would hold them back. Vectors as bytes do not become smaller.
 */
export function compressAnswers(app: FastifyInstance): void {
  let underWay = 0;
  app.addHook('onSend', async (request, reply, payload) => {
    if (typeof payload !== 'string' && !Buffer.isBuffer(payload)) return payload;
    if (!TEXTS.test(String(reply.getHeader('content-type') ?? '')) || reply.hasHeader('content-encoding'))
      return payload;
    vary(reply, 'accept-encoding');
    const bytes = Buffer.byteLength(payload);
    if (bytes < LEAST_BYTES || bytes > MOST_BYTES || underWay >= AT_ONCE) return payload;
    if (!takesGzip(request.headers['accept-encoding'])) return payload;
    underWay += 1;
    try {
      const small = await compress(payload);
      void reply.removeHeader('content-length').header('content-encoding', 'gzip');
      const tag = reply.getHeader('etag');
      if (typeof tag === 'string') void reply.header('etag', tag.replace(/"$/, COMPRESSED));
      return small;
    } finally {
      underWay -= 1;
    }
  });
}

export function takesGzip(accepts: string | readonly string[] | undefined): boolean {
  const weights = new Map(
    String(accepts ?? '')
      .toLowerCase()
      .split(',')
      .map((one) => {
        const [coding = '', ...params] = one.split(';').map((part) => part.trim());
        const q = params.find((param) => param.startsWith('q='))?.slice(2);
        return [coding, q === undefined ? 1 : Number(q)] as const;
      }),
  );
  return (weights.get('gzip') ?? weights.get('x-gzip') ?? weights.get('*') ?? 0) > 0;
}
