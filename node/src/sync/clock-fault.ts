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
