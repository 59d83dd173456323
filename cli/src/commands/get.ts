import { writeFileSync } from 'node:fs';
import { CosmicError, formatNamed, formatOf, portableChecks, inspect } from '@cosmicembeddings/sdk';
import { openClient } from '../node-client.js';
import { note, print, shortDid } from '../output.js';
import { spokenOf } from '../verdicts.js';
import { define } from './command.js';

interface GetFlags {
  id: string;
  output?: string | undefined;
  vectors: 'json' | 'base64' | 'none';
}

export const getCommand = define<GetFlags>({
  command: 'get <id>',
  describe: 'Fetch a block, verify it here, and print its JSON form or save its bytes',
  examples: [
    ['cosmic get bafy…', 'its JSON form, verified here'],
    ['cosmic get bafy… --output block.cbor', 'as it was signed'],
  ],
  builder: (yargs) =>
    yargs
      .positional('id', { type: 'string', demandOption: true, describe: 'id of the block (bafy…)' })
      .option('output', { type: 'string', alias: 'o', describe: 'save the signed bytes to this file' })
      .option('vectors', {
        choices: ['json', 'base64', 'none'] as const,
        default: 'json' as const,
        describe: 'how vectors are printed',
      }),
  run: async (args, settings) => {
    const client = openClient(settings);
    const view = await client.get(args.id);
    if (view === undefined) throw new CosmicError('block.not_found', args.id);
    const verdict = inspect(view.wire, portableChecks(settings.network));
    const failed = verdict.checks.find((finding) => !finding.ok && finding.note === undefined);
    if (!verdict.valid)
      throw new CosmicError(
        failed?.code ?? 'block.malformed',
        `the node gave bytes that do not verify: ${failed?.detail ?? ''}`,
      );
    if (verdict.id !== args.id)
      throw new CosmicError('block.malformed', `the node gave another block than asked: ${verdict.id}`);
    const checks = portableChecks(settings.network);
    for (const line of await spokenOf(client, args.id, verdict.author!, checks)) note(line);
    if (args.output !== undefined) {
      writeFileSync(args.output, view.wire);
      note(`${view.wire.length} bytes, signed by ${shortDid(verdict.author!)}, written to ${args.output}`);
      return;
    }
    print(formatNamed(formatOf(view.wire)!.name).toJson(view.wire, args.vectors));
  },
});
