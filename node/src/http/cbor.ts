import { decode } from 'cborg';
import { Encoder } from 'cbor-x';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { CosmicError } from '@cosmicembeddings/sdk';
import { costOfParsing, takeTurn } from './cost.js';
import type { DearRoom } from './dear.js';

/**
 * Questions and answers as CBOR (RFC 8949) for programs that would rather not spell 384 numbers as text: a vector is a
 * byte string of little-endian float32 numbers. Blocks never pass here; their codec is the SDK's strict one.
 */
const encoder = new Encoder({ useRecords: false, tagUint8Array: false });
/** A question with every field at its bound, as JSON or as CBOR: 8,192 numbers and a filter. */
export const questionMaxBytes = 1024 * 1024;

/** What is read strictly takes so many times as long as JSON. */
const SLOWER = 5;

/** Two libraries: one refuses keys that stand twice, the other writes answers ten times as fast. */
const strictly = {
  rejectDuplicateMapKeys: true,
  allowIndefinite: false,
  allowUndefined: false,
  useMaps: false,
  // Typed arrays (RFC 8746): bytes, and float32 numbers in little-endian order, whose bytes are what a vector is.
  tags: Object.fromEntries([64, 85].map((tag) => [tag, (inner: () => unknown) => inner()])),
};

/** Takes `application/cbor` bodies in this scope, and answers in it where the request's Accept says so. */
export function speakCbor(app: FastifyInstance, dear: DearRoom): void {
  app.addContentTypeParser(
    'application/cbor',
    { parseAs: 'buffer', bodyLimit: questionMaxBytes },
    async (request: FastifyRequest, body: Buffer) => {
      await takeTurn(request, undefined, dear, SLOWER * costOfParsing(body.length));
      try {
        return withNumbers(decode(body, strictly));
      } catch (cause) {
        const why = (cause as Error).message.slice(0, 200);
        throw new CosmicError('request.malformed', `the body is no CBOR item: ${why}`, { cause });
      }
    },
  );
  app.addHook('preSerialization', async (request, reply, payload) => {
    if (!(request.headers.accept ?? '').includes('application/cbor') || reply.statusCode >= 400) return payload;
    void reply.type('application/cbor').serializer((value: unknown) => encoder.encode(value) as unknown as string);
    return payload;
  });
}

/** `vector.values` as numbers, whether it came as a list or as bytes. */
function withNumbers(body: unknown): unknown {
  const vector = (body as { vector?: { values?: unknown } } | null)?.vector;
  if (vector?.values instanceof Uint8Array) vector.values = numbersOf(vector.values);
  return body;
}

function numbersOf(bytes: Uint8Array): number[] {
  if (bytes.length % 4 !== 0) throw new RangeError('float32 numbers need a multiple of four bytes');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  return Array.from({ length: bytes.length / 4 }, (_, i) => view.getFloat32(4 * i, true));
}
