import type { EraseReason } from '@cosmicembeddings/sdk';
import { openOperatorClient } from '../node-client.js';
import { plural, print, printJson } from '../output.js';
import { define } from './command.js';

interface EraseFlags {
  ids: string[];
  reason: EraseReason;
  withhold?: ('body' | 'text' | 'none')[];
  online: boolean;
}

/** The half of `cosmic erase` that goes through a running node; without --online the node's own command does it and proves it. */
export const eraseCommand = define<EraseFlags>({
  command: 'erase <ids..>',
  describe: 'Erase bodies for good and look for traces (node stopped; --online: through a running one)',
  builder: (yargs) =>
    yargs
      .positional('ids', { type: 'string', array: true, demandOption: true, describe: 'ids of blocks' })
      .option('reason', {
        choices: ['retracted', 'takedown', 'retention', 'quota'] as const,
        default: 'takedown' as const,
        describe: 'why',
      })
      .option('withhold', {
        choices: ['body', 'text', 'none'] as const,
        array: true,
        describe: 'what to keep out besides the id: the body whoever signs it (default for takedown), its texts',
      })
      .option('online', { type: 'boolean', default: false, describe: 'ask the running node (operator’s token)' }),
  run: async ({ ids, reason, withhold }, settings) => {
    const also = withhold?.filter((what) => what !== 'none');
    const seqs = await openOperatorClient(settings).erase(ids, reason, also);
    if (settings.json) printJson({ seqs });
    else
      print(
        `${plural(seqs.length, 'block')} erased; stop the node and run cosmic erase again to have every file searched for traces`,
      );
  },
});
