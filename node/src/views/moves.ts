/** Told whenever something moved; whoever waits hears of the next time. */
export interface Moves {
  move(): void;
  /** Resolves at the next move, or when the signal ends. */
  next(signal: AbortSignal): Promise<void>;
}

export function createMoves(): Moves {
  const waiting = new Set<() => void>();
  return {
    move() {
      for (const wake of waiting) wake();
    },
    next: (signal) =>
      new Promise((resolve) => {
        const done = (): void => {
          waiting.delete(done);
          signal.removeEventListener('abort', done);
          resolve();
        };
        waiting.add(done);
        signal.addEventListener('abort', done);
        if (signal.aborted) done();
      }),
  };
}
