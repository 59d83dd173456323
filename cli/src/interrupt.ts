import { exit, note, Refused } from './output.js';

/** A library behind the configuration file sends each signal again at once; a person takes longer to be in haste. */
const AGAIN_MS = 500;

/**
 * Runs `work` until it is done or Ctrl-C is pressed: the signal lets it end between two steps, so that nothing is left half done,
 * and `goOn` says how it goes on (asked for at the end, when it is known how far it came). A second Ctrl-C ends the process.
 * @throws Refused with status 130 after Ctrl-C
 */
export async function interruptible<T>(goOn: () => string, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const ending = new AbortController();
  let since = 0;
  const stop = (): void => {
    if (!ending.signal.aborted) {
      since = performance.now();
      ending.abort();
      note('\nstopping; Ctrl-C again ends at once');
    } else if (performance.now() - since > AGAIN_MS) process.exit(exit.interrupted);
  };
  process.on('SIGINT', stop);
  try {
    return await work(ending.signal);
  } catch (error) {
    if (!ending.signal.aborted) throw error;
    note(`cosmic: stopped: ${goOn()}`);
    throw new Refused(exit.interrupted);
  } finally {
    process.off('SIGINT', stop);
  }
}
