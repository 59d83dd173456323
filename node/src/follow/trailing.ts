import type { Cursor, Head } from '@cosmicembeddings/sdk';

/** A follower as the rest of the node knows it, wherever it lives. */
export interface Trailing {
  readonly name: string;
  /** Does what is found, hidden or counted rest on it? */
  readonly answers: boolean;
  position(): Cursor | Promise<Cursor>;
  /** Resolves when it has taken all up to `seq`. */
  waitFor(seq: number, signal?: AbortSignal): Promise<void>;
  /** Why it stands still for now. */
  stopped?(): string | undefined;
  /** A hint that the store has moved; may be lost without harm. */
  notify(head: Head): void;
}
