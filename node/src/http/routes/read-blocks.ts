import { Readable } from 'node:stream';
import type { FastifyInstance } from 'fastify';
import { CosmicError, encode, toBase64, type Code } from '@cosmicembeddings/sdk';
import { vary } from '../conditional.js';
import { costOfForm, sharedBy } from '../cost.js';
import type { Routes } from './routes.js';

/** Ids of one request, and bytes of blocks in one answer: who wants more asks again. */
export const readMaxIds = 256;
const READ_MAX_BYTES = 16 * 1024 * 1024;

/** One line of the answer: a block, or why it is not here. */
type Line =
  | {
      readonly id: string;
      readonly seq: number;
      readonly firstSeenMs: number;
      readonly wire: Uint8Array;
      readonly erased?: string;
    }
  | { readonly id: string; readonly code: Code; readonly detail: string };

/** Many blocks in one answer, in the order asked, written as it is taken: no answer is held as a whole. */
export function readBlocksRoute(app: FastifyInstance, routes: Routes): void {
  app.post<{ Body: { ids: string[] } }>(
    '/v2/blocks/read',
    {
      schema: {
        summary:
          'Many blocks by id, in the order asked: a CBOR sequence of maps, or JSON Lines with the bytes in base64',
        description:
          'For each id {id, seq, firstSeenMs, wire, erased?} or {id, code, detail}. Blocks beyond 16 MiB of an answer are answered request.too_large: ask for them again.',
        produces: ['application/cbor-seq', 'application/x-ndjson'],
        body: {
          type: 'object',
          required: ['ids'],
          additionalProperties: false,
          properties: {
            ids: { type: 'array', minItems: 1, maxItems: readMaxIds, items: { type: 'string', maxLength: 128 } },
          },
        },
      },
    },
    async (request, reply) => {
      const asJson = /application\/(?:x-)?(?:nd)?json/.test(request.headers.accept ?? '');
      const spell = asJson ? (line: Line) => Buffer.from(`${JSON.stringify(plain(line))}\n`) : encodeLine;
      return vary(reply, 'accept')
        .type(asJson ? 'application/x-ndjson' : 'application/cbor-seq')
        .header('cache-control', 'no-store')
        .send(
          Readable.from(
            written(linesOf(request.body.ids, routes, sharedBy(request.visitor), asJson ? 'base64' : 'cbor'), spell),
            { objectMode: false },
          ),
        );
    },
  );
}

async function* linesOf(
  ids: readonly string[],
  { api, dear, bytesOf }: Routes,
  who: string,
  form: 'base64' | 'cbor',
): AsyncGenerator<Line> {
  let bytes = 0;
  for (const id of ids) {
    if (bytes >= READ_MAX_BYTES) {
      yield { id, code: 'request.too_large', detail: 'no room in this answer; ask again' };
      continue;
    }
    // Its turn ends when the block is read: whoever takes the answer slowly holds up nobody.
    const done = await dear.enter(costOfForm(bytesOf(id), form), who);
    const line = await lineOf(id, api).finally(done);
    if ('wire' in line) bytes += line.wire.length;
    yield line;
  }
}

async function lineOf(id: string, api: Routes['api']): Promise<Line> {
  try {
    const block = await api.get(id);
    if (block === undefined) return { id, code: 'block.not_found', detail: id };
    const { seq, firstSeenMs, wire, erased } = block;
    return { id, seq, firstSeenMs, wire, ...(erased === undefined ? {} : { erased }) };
  } catch (error) {
    if (error instanceof CosmicError) return { id, code: error.code, detail: error.detail };
    throw error;
  }
}

async function* written(lines: AsyncIterable<Line>, spell: (line: Line) => Uint8Array): AsyncGenerator<Buffer> {
  for await (const line of lines) yield Buffer.from(spell(line));
}

const encodeLine = (line: Line): Uint8Array => encode({ ...line });

function plain(line: Line): unknown {
  return 'wire' in line ? { ...line, wire: toBase64(line.wire) } : line;
}
