import { partsOf } from '../address.js';
import type { SyncLimits } from '../limits.js';
import { isTellable } from './ranges.js';

/** A peer as far as it may know of others. */
export interface Acquaintance {
  readonly name: string;
  readonly isReady: boolean;
  readonly isDialled: boolean;
  readonly session: { readonly proven: boolean; readonly hello?: { readonly node: string } | undefined };
}

/** Who is asked for addresses of others now: those that this node chose itself, now and then. */
export function whomToAsk<T extends Acquaintance>(
  peers: Iterable<T>,
  askedMs: (peer: T) => number | undefined,
  nowMs: number,
  { exchangeMs }: Pick<SyncLimits, 'exchangeMs'>,
): T[] {
  return [...peers].filter(
    (peer) => peer.isDialled && peer.isReady && nowMs - (askedMs(peer) ?? -Infinity) >= exchangeMs,
  );
}

/** Is whoever must answer at this address here already, by whatever address, or this node itself? Then it need not be dialled. */
export function isHere(address: string, own: string, peers: Iterable<Acquaintance>): boolean {
  const { expects } = partsOf(address);
  if (expects === undefined) return false;
  return expects === own || [...peers].some((peer) => peer.isReady && peer.name === expects);
}

/** What others may know: own addresses, and those of proven peers that are nobody's secret. */
export function tellableOf(
  own: { readonly did: string; readonly addresses: readonly string[] },
  dialled: Iterable<{ readonly address: string; readonly peer?: Acquaintance; readonly hint?: boolean }>,
): string[] {
  const others = [...dialled].flatMap(({ address, peer, hint }) =>
    peer?.isReady === true && peer.session.proven && isTellable(address, hint === true)
      ? [`${partsOf(address).url}#${peer.session.hello!.node}`]
      : [],
  );
  return [...own.addresses.map((url) => `${partsOf(url).url}#${own.did}`), ...others];
}
