import { CosmicError, type Clock, type Network, type PeerStatus, type Transport } from '@cosmicembeddings/sdk';
import { joinSignals } from '../signals.js';
import type { Peer } from './peer/peer.js';
import type { Reputation } from './reputation.js';

/** An address that this node keeps dialling, and what came of it. */
export interface Dialled {
  readonly address: string;
  readonly stop: AbortController;
  peer?: Peer;
  state: PeerStatus['state'];
  lastError?: string;
  /** When it was last dialled. */
  triedMs?: number;
  received: number;
  sent: number;
  node?: string;
  /** Somebody has proven an identity here since this address was given. */
  hasProven?: boolean;
  /** Dialled for one comparison only: let go when nobody has asked for it until then. */
  untilMs?: number;
  /** By hearsay: dialled as long as it answers. */
  hint?: boolean;
}

/** Dials with a deadline on the given clock. */
export async function dialWithin(
  network: Network,
  address: string,
  clock: Clock,
  ms: number,
  signal: AbortSignal,
): Promise<Transport> {
  const late = new AbortController();
  const done = new AbortController();
  void clock.sleep(ms, done.signal).then(
    () => late.abort(new CosmicError('node.unreachable', `${address}: no answer within ${ms} ms`)),
    () => undefined,
  );
  const ending = joinSignals(late.signal, signal);
  try {
    return await network.dial(address, ending.signal);
  } finally {
    ending.end();
    done.abort(new CosmicError('node.stopping', 'dialled'));
  }
}

export function statusOfDialled(dial: Dialled, reputation: Reputation): PeerStatus {
  const { peer } = dial;
  const node = peer?.session.hello?.node ?? dial.node;
  if (node !== undefined) dial.node = node;
  const told = peer === undefined ? undefined : statusOfPeer(peer, reputation);
  return {
    ...(told ?? {}),
    address: dial.address,
    ...(node === undefined ? {} : { node }),
    state: peer?.isReady === true ? 'connected' : dial.state,
    direction: 'out',
    configured: dial.untilMs === undefined && dial.hint !== true,
    ...(dial.hint === true ? { discovered: true } : {}),
    received: dial.received + (peer?.received ?? 0),
    sent: dial.sent + (peer?.sent ?? 0),
    ...(dial.lastError === undefined || peer?.isReady === true ? {} : { lastError: dial.lastError }),
  };
}

export function statusOfInbound(peer: Peer, reputation: Reputation): PeerStatus {
  const node = peer.session.hello?.node;
  return {
    ...statusOfPeer(peer, reputation),
    address: peer.remote.address,
    ...(node === undefined ? {} : { node }),
    state: peer.isReady ? 'connected' : 'connecting',
    direction: 'in',
    configured: false,
    received: peer.received,
    sent: peer.sent,
  };
}

function statusOfPeer(peer: Peer, reputation: Reputation): Partial<PeerStatus> {
  const { bytesIn, bytesOut, clockOffsetMs, reconciledMs } = peer;
  const { latencyMs, hello, heedsCoverage } = peer.session;
  const coverage = heedsCoverage ? hello?.coverage : undefined;
  const { score, why } = reputation.of(peer.name);
  return {
    bytesIn,
    bytesOut,
    ...(clockOffsetMs === undefined ? {} : { clockOffsetMs }),
    ...(latencyMs === undefined ? {} : { latencyMs }),
    ...(reconciledMs === undefined ? {} : { reconciledMs }),
    ...(peer.isReady ? { proven: peer.session.proven, score, behind: peer.behind } : {}),
    ...(why === undefined ? {} : { why }),
    ...(coverage === undefined ? {} : { coverage }),
  };
}
