import { createBlock, CosmicError } from '@cosmicembeddings/sdk';
import { openIdentity } from '../keys/author.js';
import { openClient } from '../node-client.js';
import { note, print, printJson } from '../output.js';
import { define } from './command.js';

interface RetractFlags {
  id: string;
  reason?: string | undefined;
}

export const retractCommand = define<RetractFlags>({
  command: 'retract <id>',
  describe: 'Withdraw a block of yours: nodes hide it, and operators may erase its body',
  builder: (yargs) =>
    yargs
      .positional('id', { type: 'string', demandOption: true, describe: 'id of the block' })
      .option('reason', { type: 'string', describe: 'why, in words that are published' }),
  run: async ({ id, reason }, settings) => {
    const { author, did } = await openIdentity(settings);
    const client = openClient(settings);
    if (!(await client.has(id))) throw new CosmicError('block.not_found', id);
    const block = await createBlock(
      {
        kind: 'retract/1',
        fields: reason === undefined ? {} : { reason },
        refs: [{ rel: 'retracts', id }],
        timeMs: Date.now(),
      },
      author,
    );
    const [answer] = await client.publish([block.wire]);
    if (answer?.status === 'rejected') throw new CosmicError(answer.code, answer.detail);
    if (settings.json) printJson({ id: block.id, retracts: id, author: did });
    else print(`${id} is retracted by ${block.id}`);
    note('It acts only where the same identity signed both. Copies that others made before are theirs.');
  },
});
