export interface Joined {
  readonly signal: AbortSignal;
  /** Nobody waits for it any more: takes it off the signals that it came from. */
  end(): void;
}

/**
 * Aborted with the first of `signals`. Unlike what `AbortSignal.any` makes, nothing of it is left, once it is ended, on a signal
 * that lasts as long as the node.
 */
export function joinSignals(...signals: readonly AbortSignal[]): Joined {
  const joined = new AbortController();
  const end = (): void => {
    for (const one of signals) one.removeEventListener('abort', stop);
  };
  const stop = (): void => {
    end();
    joined.abort(signals.find(({ aborted }) => aborted)?.reason);
  };
  for (const one of signals) one.addEventListener('abort', stop, { once: true });
  if (signals.some(({ aborted }) => aborted)) stop();
  return { signal: joined.signal, end };
}
