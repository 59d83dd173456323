import type { VerifyPool } from './verify-pool.js';

export interface LatePool extends VerifyPool {
  /** Starts its threads, where they were not yet; resolves when they are ready, or could not be started (`fault` says so). */
  begin(): Promise<void>;
}

/**
 * A pool whose threads start with the first block that comes, or when told to: two of them are a good part of what a start
 * costs, and no search needs them. A start that fails is tried again with the next block.
 */
export function createLatePool(open: () => Promise<VerifyPool>, verifier: string): LatePool {
  let pool: VerifyPool | undefined;
  let opening: Promise<VerifyPool> | undefined;
  let failure: unknown;
  let isClosed = false;
  const opened = (): Promise<VerifyPool> => {
    if (isClosed) return Promise.reject(new Error('verify pool is closed'));
    opening ??= open().then(
      (one) => {
        failure = undefined;
        return (pool = one);
      },
      (error: unknown) => {
        failure = error;
        opening = undefined;
        throw error;
      },
    );
    return opening;
  };
  return {
    verifier,
    begin: () =>
      opened().then(
        () => undefined,
        () => undefined,
      ),
    check: (wire) => pool?.check(wire) ?? opened().then((one) => one.check(wire)),
    fault: () =>
      failure === undefined
        ? pool?.fault()
        : {
            detail: `blocks are not checked: a thread cannot be started: ${String(failure).slice(0, 300)}; it is tried again with each block`,
            stopped: true,
          },
    close: async () => {
      isClosed = true;
      await (await opening?.catch(() => undefined))?.close();
    },
  };
}
