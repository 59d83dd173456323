import { fromBase64 } from '../../bytes.js';
import { CosmicError } from '../../errors.js';
import type { Accepted } from '../../ports/index.js';
import { object } from './schemas.js';
import type { Tool } from './tool.js';

/** The node's door, for whoever asks. @throws CosmicError request.unauthorised */
export type PublishSigned = (wires: readonly Uint8Array[], signal?: AbortSignal) => Promise<readonly Accepted[]>;

const BLOCKS_MAX = 16;
const BYTES_MAX = 4 * 1024 * 1024;

const input = object(
  { blocks: { type: 'array', minItems: 1, maxItems: BLOCKS_MAX, items: { type: 'string', maxLength: 5_700_000 } } },
  ['blocks'],
);
const output = object(
  {
    results: {
      type: 'array',
      items: object(
        {
          status: { type: 'string', enum: ['stored', 'known', 'later', 'rejected'] },
          id: { type: 'string' },
          code: { type: 'string' },
          detail: { type: 'string' },
        },
        ['status'],
      ),
    },
  },
  ['results'],
);

/** Brings blocks that were signed elsewhere: a node signs for nobody. */
export function publishTool(publish: PublishSigned): Tool {
  return {
    name: 'cosmic_publish_signed',
    title: 'Publish signed blocks',
    description: `Bring blocks that their authors have signed already: at most ${BLOCKS_MAX}, each the block’s wire bytes in base64. The node signs for nobody; cosmic mcp on your own machine remembers with your own key. What is published cannot be taken back everywhere.`,
    readOnly: false,
    destructive: false,
    idempotent: true,
    input,
    output,
    run: async ({ blocks }, signal) => {
      const wires = (blocks as readonly string[]).map(wireOf);
      const bytes = wires.reduce((sum, { length }) => sum + length, 0);
      if (bytes > BYTES_MAX) throw new CosmicError('request.too_large', `${bytes} bytes, at most ${BYTES_MAX}`);
      const results = (await publish(wires, signal)).map((one) => ({
        status: one.status,
        ...('id' in one && one.id !== undefined ? { id: one.id } : {}),
        ...(one.status === 'rejected' ? { code: one.code, detail: one.detail } : {}),
      }));
      return {
        text: results.map(({ status, ...rest }) => `${status} ${Object.values(rest).join(' ')}`).join('\n'),
        structured: { results },
      };
    },
  };
}

function wireOf(text: string, i: number): Uint8Array {
  try {
    return fromBase64(text);
  } catch (cause) {
    throw new CosmicError('request.malformed', `blocks[${i}]: ${(cause as Error).message}`, { cause });
  }
}
