/**
 * Bytes that requests may hold in memory together. Who finds no room waits its turn, first come first served; bodies are
 * not read meanwhile, so the sender is slowed down. Of one address or key (`who`) only a part is in it at a time, however slowly
 * that sends: what it has beyond waits for its own, and keeps nobody else out.
 */
export interface Room {
  /** Resolves with the way to give the room back, which may be called more than once; with undefined after `patienceMs`. */
  take(bytes: number, who?: string): Promise<(() => void) | undefined>;
  /** The same where nobody has to wait for it. */
  takeNow(bytes: number, who?: string): (() => void) | undefined;
  readonly taken: number;
}

interface Turn {
  readonly bytes: number;
  readonly who: string;
  readonly timer: NodeJS.Timeout;
  begin(release: (() => void) | undefined): void;
}

/** Of the room, for one address or key; the operator's own (an empty name) have it all. */
const EACH = 1 / 4;

export function createRoom(maxBytes: number, patienceMs: number): Room {
  const turns = new Set<Turn>();
  const held = new Map<string, number>();
  let taken = 0;
  const isOwnShareSpent = (bytes: number, who: string): boolean => {
    const own = held.get(who) ?? 0;
    return who !== '' && own > 0 && own + bytes > EACH * maxBytes;
  };
  const fits = (bytes: number): boolean => taken + bytes <= maxBytes || taken === 0;
  const enter = (bytes: number, who: string): (() => void) => {
    taken += bytes;
    held.set(who, (held.get(who) ?? 0) + bytes);
    let isHeld = true;
    return () => {
      if (!isHeld) return;
      isHeld = false;
      taken -= bytes;
      const left = held.get(who)! - bytes;
      if (left > 0) held.set(who, left);
      else held.delete(who);
      next();
    };
  };
  const next = (): void => {
    for (const turn of turns) {
      if (isOwnShareSpent(turn.bytes, turn.who)) continue;
      if (!fits(turn.bytes)) return;
      turns.delete(turn);
      clearTimeout(turn.timer);
      turn.begin(enter(turn.bytes, turn.who));
    }
  };
  const takeNow: Room['takeNow'] = (bytes, who = '') => {
    if (isOwnShareSpent(bytes, who) || !fits(bytes)) return undefined;
    for (const turn of turns) if (!isOwnShareSpent(turn.bytes, turn.who)) return undefined;
    return enter(bytes, who);
  };
  return {
    takeNow,
    take: (bytes, who = '') => {
      const release = takeNow(bytes, who);
      if (release !== undefined) return Promise.resolve(release);
      return new Promise((resolve) => {
        const timer = setTimeout(() => {
          turns.delete(turn);
          resolve(undefined);
          next();
        }, patienceMs);
        const turn: Turn = { bytes, who, timer, begin: resolve };
        turns.add(turn);
      });
    },
    get taken() {
      return taken;
    },
  };
}
