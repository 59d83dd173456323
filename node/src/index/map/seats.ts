/** A map that is kept up, and when it was last asked for by whom. */
export interface Seat {
  readonly askedMs: Map<string, number>;
}

/**
 * Which of `seats` makes room for a map that `who` asks for; undefined: none, they are all looked at. One that nobody has asked for
 * in `unaskedMs` goes first. Else nobody's maps keep others out: of whoever looks at two more than the newcomer, the one that he
 * looks at alone and asked for longest ago.
 */
export function seatFor<S extends Seat>(
  seats: readonly S[],
  who: string,
  nowMs: number,
  unaskedMs: number,
): S | undefined {
  const lookers = (seat: S): string[] =>
    [...seat.askedMs].flatMap(([name, atMs]) => (nowMs - atMs < unaskedMs ? [name] : []));
  const counts = new Map<string, number>();
  for (const seat of seats) for (const name of lookers(seat)) counts.set(name, (counts.get(name) ?? 0) + 1);
  const oldest = (some: readonly S[]): S | undefined => [...some].sort((a, b) => lastAskedMs(a) - lastAskedMs(b))[0];
  const left = seats.filter((seat) => lookers(seat).length === 0);
  if (left.length > 0) return oldest(left);
  const mine = counts.get(who) ?? 0;
  /** Whoever looks at it and at the fewest others needs it most. */
  const held = (seat: S): number => Math.min(...lookers(seat).map((name) => counts.get(name)!));
  const most = Math.max(0, ...seats.map(held));
  return most < mine + 2 ? undefined : oldest(seats.filter((seat) => held(seat) === most));
}

export function lastAskedMs({ askedMs }: Seat): number {
  return Math.max(-Infinity, ...askedMs.values());
}

/** Callers that are remembered of a map. */
const LOOKERS_MAX = 64;

/** The latest last; strangers without number are not remembered without end. */
export function noteAsked({ askedMs }: Seat, who: string, nowMs: number): void {
  askedMs.delete(who);
  askedMs.set(who, nowMs);
  if (askedMs.size > LOOKERS_MAX) askedMs.delete(askedMs.keys().next().value!);
}
