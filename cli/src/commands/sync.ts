import { openOperatorClient } from '../node-client.js';
import { interruptible } from '../interrupt.js';
import { print, printJson } from '../output.js';
import { progressBar } from '../progress.js';
import { define } from './command.js';
import { peerText } from './peers.js';

/** How often progress is told. */
const LOOK_MS = 1_000;

interface SyncFlags {
  url: string;
}

export const syncCommand = define<SyncFlags>({
  command: 'sync <url>',
  describe: 'Compare the node with another once, until it has all that the other has (operator)',
  examples: [['cosmic sync wss://node.example/v2/peer', 'until this node has all that the other has']],
  builder: (yargs) =>
    yargs.positional('url', { type: 'string', demandOption: true, describe: 'address of the other node' }),
  run: async ({ url }, settings) => {
    const client = openOperatorClient(settings);
    const progress = progressBar('syncing');
    await interruptible(
      () => 'what was fetched stays, and the node goes on by itself; cosmic peers says how far it is',
      async (signal) => {
        for (;;) {
          const { inStep, peer } = await client.syncPeer(url, LOOK_MS, signal);
          if (inStep) {
            progress.end();
            if (settings.json) return printJson({ peer });
            return print(`in step with ${peerText(peer)}`);
          }
          const open = peer.behind ?? 0;
          if (!settings.json) progress(peer.received, peer.received + open, `received, ${peer.sent} given`);
        }
      },
    ).finally(() => progress.end());
  },
});
