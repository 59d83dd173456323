import { codes, CosmicError, type Clock, type ViewAnswer } from '@cosmicembeddings/sdk';
import type { Moves } from './moves.js';

const WATCH_MS = 100;

/**
 * The answer now, and again whenever it has changed, at most ten times a second; what may be asked again is. Ends with the signal.
 * @throws CosmicError what `ask` refuses for good
 */
export async function* watchAnswers(
  ask: () => Promise<ViewAnswer>,
  moves: Moves,
  clock: Pick<Clock, 'sleep'>,
  signal: AbortSignal,
): AsyncIterable<ViewAnswer> {
  let last = '';
  while (!signal.aborted) {
    const moved = moves.next(signal);
    const answer = await ask().catch((error: unknown) => {
      if (error instanceof CosmicError && codes[error.code].retry) return undefined;
      throw error;
    });
    // How far it reaches moves with every block; that alone is no news.
    const text = answer === undefined ? last : JSON.stringify({ ...answer, cursor: undefined });
    if (answer !== undefined && text !== last) yield answer;
    last = text;
    await moved;
    await clock.sleep(WATCH_MS, signal).catch(() => undefined);
  }
}
