import { openOperatorClient } from '../node-client.js';
import { note, print, printJson } from '../output.js';
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
  builder: (yargs) =>
    yargs.positional('url', { type: 'string', demandOption: true, describe: 'address of the other node' }),
  run: async ({ url }, settings) => {
    const client = openOperatorClient(settings);
    for (;;) {
      const { inStep, peer } = await client.syncPeer(url, LOOK_MS);
      if (inStep) {
        if (settings.json) return printJson({ peer });
        return print(`in step with ${peerText(peer)}`);
      }
      if (!settings.json) note(`got ${peer.received}, gave ${peer.sent}, ${peer.behind ?? 0} to fetch`);
    }
  },
});
