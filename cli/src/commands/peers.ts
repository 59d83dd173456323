import type { PeerStatus } from '@cosmicembeddings/sdk';
import type { BannedPeer } from '@cosmicembeddings/sdk/api';
import { openClient, openOperatorClient } from '../node-client.js';
import { print, printJson, shortDid, UsageError } from '../output.js';
import { define } from './command.js';

const ACTIONS = ['list', 'add', 'remove', 'ban', 'allow'] as const;

interface PeersFlags {
  action: (typeof ACTIONS)[number];
  peer?: string | undefined;
  for?: string | undefined;
}

export const peersCommand = define<PeersFlags>({
  command: 'peers [action] [peer]',
  describe: 'List the node’s peers, add or remove one, ban or allow an identity',
  builder: (yargs) =>
    yargs
      .positional('action', {
        choices: ACTIONS,
        default: 'list' as const,
        describe: 'all but list need the operator’s token',
      })
      .positional('peer', { type: 'string', describe: 'address of a peer (add, remove) or did:key (ban, allow)' })
      .option('for', { type: 'string', describe: 'how long a ban lasts: 30m, 12h, 7d (a week)' }),
  run: async (flags, settings) => {
    const { action, peer } = flags;
    if (action === 'list') {
      const client = openClient(settings);
      return show(await client.peers(), await client.banned(), settings.json);
    }
    if (peer === undefined)
      throw new UsageError(
        `cosmic peers ${action} needs ${action === 'ban' || action === 'allow' ? 'a did:key' : 'the peer’s address'}`,
      );
    const client = openOperatorClient(settings);
    if (action === 'add') return show(await client.addPeer(peer), [], settings.json);
    if (action === 'remove') return show(await client.removePeer(peer), [], settings.json);
    const banned =
      action === 'ban' ? await client.banPeer(peer, msOf(flags.for ?? '7d')) : await client.allowPeer(peer);
    if (settings.json) return printJson({ banned });
    if (banned.length === 0) print('nobody is banned');
    for (const one of banned) print(banText(one));
  },
});

const UNITS: Readonly<Record<string, number>> = { m: 60_000, h: 3_600_000, d: 86_400_000 };

function msOf(text: string): number {
  const match = /^(\d{1,6})([mhd])$/.exec(text);
  if (match === null) throw new UsageError(`--for ${text}: expected a number and m, h or d, such as 12h`);
  return Number(match[1]) * UNITS[match[2]!]!;
}

function show(peers: readonly PeerStatus[], banned: readonly BannedPeer[], json: boolean): void {
  if (json) return printJson({ peers, banned });
  if (peers.length === 0) print('no peers; add one with cosmic peers add URL');
  for (const peer of peers) print(peerText(peer));
  for (const one of banned) print(banText(one));
}

/** Address, who it is, what it is worth, how far apart, what moved. */
export function peerText(peer: PeerStatus): string {
  const identity =
    peer.node === undefined ? [] : [`${shortDid(peer.node)} ${peer.proven === true ? 'proven' : 'claimed'}`];
  const score =
    peer.score === undefined ? [] : [`score ${peer.score}${peer.why === undefined ? '' : ` (${peer.why})`}`];
  const latency = peer.latencyMs === undefined ? [] : [`${Math.round(peer.latencyMs)} ms`];
  const bytes = peer.bytesIn === undefined ? [] : [`${sizeText(peer.bytesIn)} in, ${sizeText(peer.bytesOut ?? 0)} out`];
  const skew =
    Math.abs(peer.clockOffsetMs ?? 0) > 60_000 ? [`clock ${Math.round(peer.clockOffsetMs! / 1000)} s off`] : [];
  const error = peer.lastError === undefined ? [] : [peer.lastError];
  const parts = [
    ...identity,
    ...(peer.state === 'connected' ? [stepText(peer)] : []),
    ...latency,
    ...score,
    `got ${peer.received}, gave ${peer.sent}`,
    ...bytes,
    ...skew,
    ...(peer.configured ? [] : [peer.direction === 'in' ? 'came by itself' : 'for once']),
    ...error,
  ];
  return `${peer.state.padEnd(10)} ${peer.direction === 'out' ? '→' : '←'} ${peer.address}  ${parts.join(' · ')}`;
}

function stepText({ behind = 0, reconciledMs }: PeerStatus): string {
  if (behind > 0) return `${behind} blocks to fetch`;
  return reconciledMs === undefined ? 'not compared yet' : 'in step';
}

function sizeText(bytes: number): string {
  return bytes < 10_000
    ? `${bytes} B`
    : bytes < 10_000_000
      ? `${Math.round(bytes / 1000)} kB`
      : `${Math.round(bytes / 1e6)} MB`;
}

function banText({ name, untilMs, why }: BannedPeer): string {
  return `banned     ${name}  until ${new Date(untilMs).toISOString()}: ${why}`;
}
