interface Waiter {
  readonly seq: number;
  resolve(): void;
  reject(error: unknown): void;
}

/** Those who wait until a follower has passed a sequence number. */
export class Waiters {
  private readonly waiting = new Set<Waiter>();

  get size(): number {
    return this.waiting.size;
  }

  wait(seq: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted === true) return reject(signal.reason as Error);
      const done = (): void => {
        this.waiting.delete(waiter);
        signal?.removeEventListener('abort', abort);
      };
      const abort = (): void => waiter.reject(signal!.reason);
      const waiter: Waiter = {
        seq,
        resolve: () => (done(), resolve()),
        reject: (error) => (done(), reject(error as Error)),
      };
      this.waiting.add(waiter);
      signal?.addEventListener('abort', abort, { once: true });
    });
  }

  reach(seq: number): void {
    for (const waiter of [...this.waiting]) if (seq >= waiter.seq) waiter.resolve();
  }

  fail(error: unknown): void {
    for (const waiter of [...this.waiting]) waiter.reject(error);
  }
}
