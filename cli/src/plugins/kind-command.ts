import { readFileSync, writeFileSync } from 'node:fs';
import {
  corePlugins,
  createBlock,
  createRegistry,
  customKind,
  CosmicError,
  toJson,
  utf8,
  type Registry,
} from '@cosmicembeddings/sdk';
import { kindOfInfo, type KindInfo, type NodeClient } from '@cosmicembeddings/sdk/api';
import type { CommandModule } from 'yargs';
import { define, momentFlags } from '../commands/command.js';
import { openIdentity } from '../keys/author.js';
import { momentOf, type MomentFlags } from '../moment.js';
import { openClient } from '../node-client.js';
import { note, print, printJson, shortDid, UsageError } from '../output.js';
import { draftOf } from './draft.js';
import { fieldsOf, schemaFlags } from './schema-flags.js';

type Flags = Readonly<Record<string, unknown>> & MomentFlags & { readonly body?: string; readonly output?: string };

/** Makes a block of a kind from its description alone, and publishes it where the verb says so. */
export function kindCommand(
  verb: 'create' | 'publish',
  kind: KindInfo,
  command: string,
  describe: string,
): CommandModule {
  const fields = fieldsOf(kind.schema);
  const taken = new Set(fields.map(({ flag }) => flag));
  return define<Flags>({
    command,
    describe: [describe, kind.describe].filter((text) => text !== undefined).join(': '),
    builder: (cli) => {
      momentFlags(schemaFlags(cli, fields, false))
        .option('body', {
          type: 'string',
          describe: '--json FILE or --json -: the content as JSON; flags go before it',
        })
        .option('tag', { type: 'string', array: true, nargs: 1, describe: 'tag of the block; may be repeated' })
        .option('link', {
          type: 'string',
          array: true,
          nargs: 1,
          describe: 'REL:ID, a link of the body; may be repeated',
        })
        .option('ref', {
          type: 'string',
          array: true,
          nargs: 1,
          describe: 'REL:ID, a reference of the header; may be repeated',
        })
        .option('prev', { type: 'string', describe: 'id of the author’s previous block' })
        .option('output', {
          type: 'string',
          alias: 'o',
          describe: 'save the block here: bytes for .cbor, JSON otherwise',
        });
      for (const { rel, what } of [...(kind.refs ?? []), ...(kind.links ?? [])])
        if (!taken.has(rel)) cli.option(rel, { type: 'string', array: true, nargs: 1, describe: `id: ${what}` });
      return cli;
    },
    run: async (args, settings) => {
      const text = args.body === undefined ? undefined : contentOf(args.body);
      if (
        text === undefined &&
        fields.every(({ flag }) => args[flag] === undefined) &&
        fields.some(({ required }) => required)
      )
        throw new UsageError(
          `say what is in it: --json FILE, --json -, or flags; ${verb} ${kind.name} --help lists them`,
        );
      const { author, did } = await openIdentity(settings);
      const { timeMs = Date.now(), place } = momentOf(args, settings);
      const draft = draftOf(kind, text, args);
      const { id, wire } = await createBlock(
        { kind: customKind(kind.name), timeMs, ...(place === undefined ? {} : { place }), ...draft },
        { ...author, registry: knowing(kind, author.registry) },
      );
      if (args.output !== undefined)
        writeFileSync(args.output, args.output.endsWith('.cbor') ? wire : utf8(`${toJson(wire)}\n`));
      if (verb === 'publish') await publish(openClient(settings), wire);
      if (verb === 'create' && args.output === undefined) print(toJson(wire));
      else if (settings.json) printJson({ id, kind: kind.name, author: did });
      else print(id);
      note(`${kind.name}, signed by ${shortDid(did)}`);
    },
  }) as unknown as CommandModule;
}

/** A core kind's own rules are known here; of any other kind the description has to do. */
function knowing(kind: KindInfo, registry: Registry): Registry {
  if (registry.kind(kind.name) !== undefined) return registry;
  return createRegistry([...corePlugins, { name: kind.name, kinds: [kindOfInfo(kind)], views: [] }]);
}

/** The kind's own rules are known to the node alone: what it would keep but never read is not published. */
async function publish(client: NodeClient, wire: Uint8Array): Promise<void> {
  const { inert } = await client.check(wire);
  if (inert !== undefined) throw new CosmicError(inert.code, inert.detail);
  const [answer] = await client.publish([wire]);
  if (answer?.status === 'rejected') throw new CosmicError(answer.code, answer.detail);
  if (answer?.status === 'later') throw new CosmicError('block.in_future', `retry at ${answer.retryAtMs}`);
}

function contentOf(file: string): string {
  // yargs reads a lone dash as an empty word.
  return readFileSync(file === '-' || file === '' ? 0 : file, 'utf8');
}
