import { CosmicError, type Clock } from '@cosmicembeddings/sdk';
import type { ConeHost } from './cone-host.js';
import type { Moves } from './moves.js';
import { judging, type ConeRun, type HostState } from './runs.js';

/** How long a search waits for what is hidden. */
const SETTLE_MS = 2_000;

type Waiting = HostState & Pick<ConeHost, 'waitFor'>;

/**
 * Resolves when these hiding cones judge by all blocks up to `seq`; undefined where they do. After two seconds it goes on with
 * what is known. @throws CosmicError view.building where nothing at all is known of what one of them hides
 */
export function settleHidden(
  hiding: readonly ConeRun<Waiting>[],
  seq: number,
  moves: Moves,
  clock: Pick<Clock, 'sleep'>,
): Promise<void> | undefined {
  const late = hiding.filter((run) => {
    const host = judging(run);
    return host === undefined || (host.position().seq < seq && host.failure() === undefined);
  });
  return late.length === 0 ? undefined : settle(late, seq, moves, clock);
}

async function settle(
  late: readonly ConeRun<Waiting>[],
  seq: number,
  moves: Moves,
  clock: Pick<Clock, 'sleep'>,
): Promise<void> {
  const deadline = new AbortController();
  const timer = clock.sleep(SETTLE_MS, deadline.signal).then(
    () => deadline.abort(new CosmicError('view.building', 'it is not known yet what is hidden')),
    () => undefined,
  );
  try {
    await Promise.all(late.map((run) => waitJudged(run, seq, moves, deadline.signal)));
  } catch (error) {
    // What was hidden stays hidden. Only where nothing is known of it at all is a search refused.
    if (!late.every((run) => judging(run) !== undefined || run.frozen.length > 0)) throw error;
  } finally {
    deadline.abort(new Error('settled'));
    await timer;
  }
}

/** Why the state by which a hiding cone judges, or would, stands still; undefined where it does not. */
export function failureOf(run: ConeRun<HostState>): string | undefined {
  return (judging(run) ?? run.wanted.host).failure();
}

/** Resolves when a hiding cone judges by all blocks up to `seq`. @throws CosmicError view.failed where it stands still */
export async function waitJudged(run: ConeRun<Waiting>, seq: number, moves: Moves, signal: AbortSignal): Promise<void> {
  while (judging(run) === undefined) {
    const failure = failureOf(run);
    if (failure !== undefined) throw new CosmicError('view.failed', failure);
    await moves.next(signal);
    signal.throwIfAborted();
  }
  await judging(run)!.waitFor(seq, signal);
}
