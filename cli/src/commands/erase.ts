import type { EraseReason } from '@cosmicembeddings/sdk';
import { openOperatorClient } from '../node-client.js';
import { interruptible } from '../interrupt.js';
import { plural, print, printJson } from '../output.js';
import { progressBar } from '../progress.js';
import { define } from './command.js';

/** Erasures of one request. */
const AT_ONCE = 64;

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
  examples: [
    ['cosmic erase bafy… --reason takedown', 'node stopped: erases, and looks through every file for traces'],
    ['cosmic erase bafy… --online', 'through the running node'],
  ],
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
    const client = openOperatorClient(settings);
    const seqs: number[] = [];
    const progress = progressBar('erasing');
    await interruptible(
      () => `${plural(seqs.length, 'block')} erased, which stay erased; call it again: those are passed over`,
      async (signal) => {
        for (let at = 0; at < ids.length; at += AT_ONCE) {
          signal.throwIfAborted();
          progress(at, ids.length);
          seqs.push(...(await client.erase(ids.slice(at, at + AT_ONCE), reason, also)));
        }
      },
    ).finally(() => progress.end());
    if (settings.json) printJson({ seqs });
    else
      print(
        `${plural(seqs.length, 'block')} erased; stop the node and run cosmic erase again to have every file searched for traces`,
      );
  },
});
