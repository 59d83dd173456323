import type { PeerStatus } from '@cosmicembeddings/sdk';
import { openClient, openOperatorClient } from '../node-client.js';
import { print, printJson, shortDid, UsageError } from '../output.js';
import { define } from './command.js';

interface PeersFlags {
  action: 'list' | 'add' | 'remove';
  url?: string | undefined;
}

export const peersCommand = define<PeersFlags>({
  command: 'peers [action] [url]',
  describe: 'List the node’s peers, add one or remove one',
  builder: (yargs) =>
    yargs
      .positional('action', {
        choices: ['list', 'add', 'remove'] as const,
        default: 'list' as const,
        describe: 'adding and removing need the operator’s token',
      })
      .positional('url', { type: 'string', describe: 'address of the peer' }),
  run: async ({ action, url }, settings) => {
    if (action !== 'list' && url === undefined) throw new UsageError(`cosmic peers ${action} needs the peer's address`);
    const peers =
      action === 'list'
        ? await openClient(settings).peers()
        : action === 'add'
          ? await openOperatorClient(settings).addPeer(url!)
          : await openOperatorClient(settings).removePeer(url!);
    if (settings.json) return printJson({ peers });
    if (peers.length === 0) print('no peers; add one with cosmic peers add URL');
    for (const peer of peers) print(peerText(peer));
  },
});

function peerText(peer: PeerStatus): string {
  const name = peer.node === undefined ? '' : `  ${shortDid(peer.node)}`;
  const error = peer.lastError === undefined ? '' : `  ${peer.lastError}`;
  return `${peer.state.padEnd(10)} ${peer.direction === 'out' ? '→' : '←'} ${peer.address}${name}  got ${peer.received}, gave ${peer.sent}${peer.configured ? '' : '  (came by itself)'}${error}`;
}
