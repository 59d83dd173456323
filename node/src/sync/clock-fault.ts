/** Clocks that agree to within this are in order; blocks may lie further ahead (limits.futureMaxMs), but not much. */
const AGREED_MS = 60_000;

/** What to tell of a clock that peers disagree with; `offsetMs`: theirs minus ours. */
export function clockFault(offsetMs: number | undefined): string | undefined {
  if (offsetMs === undefined || Math.abs(offsetMs) <= AGREED_MS) return undefined;
  const minutes = Math.round(Math.abs(offsetMs) / 60_000);
  const by = minutes >= 120 ? `${Math.round(minutes / 60)} h` : `${minutes} min`;
  return offsetMs > 0
    ? `the clocks of the peers are ${by} ahead of this node’s: it takes their new blocks for blocks of the future; set this clock right`
    : `this node’s clock is ${by} ahead of its peers’: they take its new blocks for blocks of the future; set this clock right`;
}

/** Median of the clocks of those that this node dialled, else of all that are proven, minus its own; undefined without any. */
export function clockOffsetOf(
  peers: Iterable<{
    readonly isReady: boolean;
    readonly isDialled: boolean;
    readonly clockOffsetMs: number | undefined;
    readonly session: { readonly proven: boolean };
  }>,
): number | undefined {
  const ready = [...peers].filter((peer) => peer.isReady && peer.clockOffsetMs !== undefined);
  const dialled = ready.filter((peer) => peer.isDialled);
  const offsets = (dialled.length > 0 ? dialled : ready.filter((peer) => peer.session.proven))
    .map((peer) => peer.clockOffsetMs!)
    .sort((a, b) => a - b);
  return offsets[offsets.length >> 1];
}
