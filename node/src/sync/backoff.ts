import type { Code } from '@cosmicembeddings/sdk';
import type { SyncLimits } from './limits.js';

/** What came of dialling an address. */
export interface Attempt {
  /** Why the connection ended; undefined where there was none. */
  readonly code?: Code;
  readonly wasReady: boolean;
  readonly lastedMs: number;
  /** Nobody asked for this address: it was told. */
  readonly isHearsay: boolean;
}

/** When to dial again: `waitMs` from now, before jitter, and `nextMs` after the next failure. Hearsay that does not hold is forgotten. */
export function afterAttempt(
  { code, wasReady, lastedMs, isHearsay }: Attempt,
  backoffMs: number,
  { backoffMinMs, backoffMaxMs }: Pick<SyncLimits, 'backoffMinMs' | 'backoffMaxMs'>,
): 'forget' | { readonly waitMs: number; readonly nextMs: number } {
  // What one side cannot bear of the other does not change within a minute.
  const isFatal = code?.startsWith('peer.') === true;
  if (isHearsay && (isFatal || !wasReady)) return 'forget';
  const isFresh = wasReady && lastedMs > backoffMaxMs / 2;
  const waitMs = isFatal ? backoffMaxMs : isFresh ? backoffMinMs : backoffMs;
  return { waitMs, nextMs: Math.min(waitMs * 2, backoffMaxMs) };
}
