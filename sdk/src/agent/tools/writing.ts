import { sha256 } from '../../crypto/hash.js';
import { CosmicError } from '../../errors.js';
import { toHex, utf8 } from '../../bytes.js';
import type { Metadata, Where } from '../../metadata/index.js';
import type { Memory } from '../types.js';
import { id, metadata, object, tags, text, where } from './schemas.js';
import type { Tool, ToolAnswer } from './tool.js';

/** What needs a key, as tools for a language model. */
export function writingTools(memory: Memory): Tool[] {
  return [
    {
      name: 'cosmic_remember',
      title: 'Remember',
      description:
        'Publish a memory: one signed block that others can find and that cannot be taken back everywhere. Give an id to be able to replace it later; without replace, an id that is in use is refused.',
      readOnly: false,
      destructive: false,
      idempotent: true,
      input: object(
        {
          text: text('What to remember', 60_000),
          id,
          metadata,
          tags,
          origin: text('Where it comes from: a URL, a path, a title', 2048),
          replace: { type: 'boolean', default: false, description: 'Replace what stands under this id' },
        },
        ['text'],
      ),
      output: object(
        {
          id: { type: 'string' },
          status: { type: 'string', enum: ['stored', 'replaced', 'unchanged'] },
          block: { type: 'string' },
          supersedes: { type: 'array', items: { type: 'string' } },
          searchable: { type: 'boolean' },
        },
        ['id', 'status', 'supersedes', 'searchable'],
      ),
      run: async (args, signal) => {
        const {
          text: passage,
          replace,
          ...about
        } = args as {
          text: string;
          replace?: boolean;
          id?: string;
          metadata?: Metadata;
        };
        if (about.id !== undefined && replace !== true) {
          const known = await memory.get(about.id);
          if (known !== undefined && known.text !== passage)
            throw new CosmicError(
              'memory.id_in_use',
              `${about.id}: call again with replace: true to write a new version`,
            );
        }
        const done = await memory.remember(passage, { ...about, ...(signal === undefined ? {} : { signal }) });
        return {
          text: `${done.status}: ${done.id}${done.block === undefined ? '' : ` (block ${done.block})`}`,
          structured: { ...done },
        };
      },
    },
    {
      name: 'cosmic_forget',
      title: 'Forget',
      description:
        'Retract memories of yours, so that they are found no more. History and copies at others stay. By filter it first counts and gives confirm for a second call.',
      readOnly: false,
      destructive: true,
      idempotent: true,
      input: object({
        ids: { type: 'array', items: id, minItems: 1, maxItems: 1000 },
        where,
        confirm: text('confirm of the first call', 64),
      }),
      output: object(
        {
          forgotten: { type: 'integer' },
          not_yours: { type: 'integer' },
          not_found: { type: 'array', items: { type: 'string' } },
          confirm: { type: 'string' },
        },
        ['forgotten', 'not_yours', 'not_found'],
      ),
      run: (args) => forget(args, memory),
    },
  ];
}

const FORGET_MAX = 1000;

async function forget(args: Readonly<Record<string, unknown>>, memory: Memory): Promise<ToolAnswer> {
  const { ids, where: filter, confirm } = args as { ids?: readonly string[]; where?: Where; confirm?: string };
  if ((ids === undefined) === (filter === undefined))
    throw new CosmicError('memory.empty_filter', 'give ids or where, one of them');
  if (ids !== undefined) return told(await memory.forget(ids));
  const what = { where: filter! };
  const counted = await memory.forget(what, { dryRun: true });
  if (counted.forgotten > FORGET_MAX)
    throw new CosmicError('request.malformed', `${counted.forgotten} match, at most ${FORGET_MAX} at a time`);
  // Another filter, or another number of matches, needs another word.
  const expected = toHex(sha256(utf8(JSON.stringify([filter, counted.forgotten])))).slice(0, 12);
  if (confirm === expected) return told(await memory.forget(what));
  return {
    text: `${counted.forgotten} of yours match (${counted.notYours} of others stay). Nothing was forgotten; call again with confirm "${expected}".`,
    structured: { forgotten: 0, not_yours: counted.notYours, not_found: [], confirm: expected },
  };
}

function told({ forgotten, notYours, notFound }: Awaited<ReturnType<Memory['forget']>>): ToolAnswer {
  const missing = notFound.length === 0 ? '' : ` Not found: ${notFound.slice(0, 20).join(', ')}.`;
  return {
    text: `Forgotten: ${forgotten}. History and copies at others stay.${missing}`,
    structured: { forgotten, not_yours: notYours, not_found: notFound },
  };
}
