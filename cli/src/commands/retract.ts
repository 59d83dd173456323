import { createBlock, CosmicError, keysOfIdentity, inspect, portableChecks } from '@cosmicembeddings/sdk';
import type { NodeClient } from '@cosmicembeddings/sdk/api';
import { openIdentity } from '../keys/author.js';
import { openClient } from '../node-client.js';
import { note, print, printJson } from '../output.js';
import { openJournal } from '../publish/journal.js';
import type { Settings } from '../settings.js';
import { define } from './command.js';

interface RetractFlags {
  id: string;
  reason?: string | undefined;
}

export const retractCommand = define<RetractFlags>({
  command: 'retract <id>',
  describe: 'Withdraw a block of yours: nodes hide it, and operators may erase its body',
  examples: [['cosmic retract bafy…', 'nodes that hear of it hide the block']],
  builder: (yargs) =>
    yargs
      .positional('id', { type: 'string', demandOption: true, describe: 'id of the block' })
      .option('reason', { type: 'string', describe: 'why, in words that are published' }),
  run: async ({ id, reason }, settings) => {
    const { author, did } = await openIdentity(settings);
    const client = openClient(settings);
    await ownBlock(client, id, did, settings);
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
    openJournal(settings.home).add([{ event: 'retracted', ids: [id] }]);
    if (settings.json) printJson({ id: block.id, retracts: id, author: did });
    else print(`${id} is retracted by ${block.id}`);
    note('Copies that others made before are theirs.');
  },
});

/** A retraction acts where the same identity signed both: of a stranger's block it would be mere talk. */
async function ownBlock(client: NodeClient, id: string, did: string, { network }: Settings): Promise<void> {
  const view = await client.get(id);
  if (view === undefined) throw new CosmicError('block.not_found', id);
  const { author } = inspect(view.wire, portableChecks(network));
  if (author === did) return;
  const keys = await keysOfIdentity(client, did);
  if (author === undefined || !keys.includes(author))
    throw new CosmicError('block.not_yours', `${id} is signed by ${author ?? 'nobody'}, this key is ${did}`);
}
