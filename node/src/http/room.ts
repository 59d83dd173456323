/**
 * Bytes that requests may hold in memory together. Who finds no room waits its turn, first come first served; bodies are
 * not read meanwhile, so the sender is slowed down.
 */
export interface Room {
  /** Resolves with the way to give the room back, which may be called more than once; with undefined after `patienceMs`. */
  take(bytes: number): Promise<(() => void) | undefined>;
  /** The same where nobody has to wait for it. */
  takeNow(bytes: number): (() => void) | undefined;
  readonly taken: number;
}

interface Turn {
  readonly bytes: number;
  readonly timer: NodeJS.Timeout;
  begin(release: (() => void) | undefined): void;
}

export function createRoom(maxBytes: number, patienceMs: number): Room {
  const turns: Turn[] = [];
  let taken = 0;
  const fits = (bytes: number): boolean => taken + bytes <= maxBytes || taken === 0;
  const enter = (bytes: number): (() => void) => {
    taken += bytes;
    let held = bytes;
    return () => {
      taken -= held;
      held = 0;
      next();
    };
  };
  const next = (): void => {
    while (turns[0] !== undefined && fits(turns[0].bytes)) {
      const turn = turns.shift()!;
      clearTimeout(turn.timer);
      turn.begin(enter(turn.bytes));
    }
  };
  const takeNow: Room['takeNow'] = (bytes) => (turns.length === 0 && fits(bytes) ? enter(bytes) : undefined);
  return {
    takeNow,
    take: (bytes) => {
      const release = takeNow(bytes);
      if (release !== undefined) return Promise.resolve(release);
      return new Promise((resolve) => {
        const timer = setTimeout(() => {
          turns.splice(turns.indexOf(turn), 1);
          resolve(undefined);
          next();
        }, patienceMs);
        const turn: Turn = { bytes, timer, begin: resolve };
        turns.push(turn);
      });
    },
    get taken() {
      return taken;
    },
  };
}
