import { CosmicError, type PeerStatus } from '@cosmicembeddings/sdk';
import type { BannedPeer } from '@cosmicembeddings/sdk/api';
import { openClient, openOperatorClient } from '../node-client.js';
import { coverageText } from '@cosmicembeddings/sdk/filter';
import { note, plain, print, printJson, shortDid, UsageError } from '../output.js';
import type { Settings } from '../settings.js';
import { durationOf } from '../values.js';
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
  examples: [
    ['cosmic peers', 'whom the node talks to, and how far behind they are'],
    ['cosmic peers add wss://node.example/v2/peer', ''],
  ],
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
    if (action === 'add') {
      const silent = await silentPeer(peer, settings);
      show(await client.addPeer(peer), [], settings.json);
      return silent === undefined ? undefined : note(`no node answers there from here: ${silent}`);
    }
    if (action === 'remove') return show(await client.removePeer(peer), [], settings.json);
    const banned =
      action === 'ban'
        ? await client.banPeer(peer, durationOf('--for', flags.for ?? '7d'))
        : await client.allowPeer(peer);
    if (settings.json) return printJson({ banned });
    if (banned.length === 0) print('nobody is banned');
    for (const one of banned) print(banText(one));
  },
});

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
  const keeps = peer.coverage === undefined ? [] : [`keeps ${plain(coverageText(peer.coverage))}`];
  const error = peer.lastError === undefined ? [] : [peer.lastError];
  const parts = [
    ...identity,
    ...(peer.state === 'connected' ? [stepText(peer)] : []),
    ...latency,
    ...score,
    `got ${peer.received}, gave ${peer.sent}`,
    ...bytes,
    ...keeps,
    ...skew,
    ...(peer.configured
      ? []
      : [peer.direction === 'in' ? 'came by itself' : peer.discovered === true ? 'discovered' : 'for once']),
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

const SCHEMES: Readonly<Record<string, string>> = {
  'ws:': 'http:',
  'wss:': 'https:',
  'http:': 'http:',
  'https:': 'https:',
};

/** A peer is another node. One that does not answer now may do so later: then the answer says what was met. */
async function silentPeer(text: string, settings: Settings): Promise<string | undefined> {
  const given = text.includes('://') ? text : `ws://${text}`;
  const bad = (why: string): UsageError => new UsageError(`cosmic peers add ${JSON.stringify(text)}: ${why}`);
  if (!URL.canParse(given)) throw bad('expected ws://HOST:PORT, http://HOST:PORT or HOST:PORT');
  const { protocol, host, port } = new URL(given);
  const scheme = SCHEMES[protocol];
  if (scheme === undefined || (given !== text && port === ''))
    throw bad('expected ws://HOST:PORT, http://HOST:PORT or HOST:PORT');
  const { node } = await openClient(settings).status();
  let peer: string;
  try {
    peer = (await openClient({ ...settings, node: `${scheme}//${host}`, token: undefined }).status()).node;
  } catch (error) {
    if (!(error instanceof CosmicError)) throw error;
    return error.detail;
  }
  if (peer === node) throw bad('that is the node itself');
  return undefined;
}
