/** Blocks that come one by one are told of so often: each hint wakes a thread, for a batch of its own. */
const HINT_EVERY_MS = 20;

/** `give` at once, then at most once in HINT_EVERY_MS for all that comes meanwhile: never later than that, and never not at all. */
export function createHints(give: () => void, nowMs: () => number = () => performance.now()): () => void {
  let lastMs = -Infinity;
  let waiting: NodeJS.Timeout | undefined;
  const now = (): void => {
    waiting = undefined;
    lastMs = nowMs();
    give();
  };
  return () => {
    if (waiting !== undefined) return;
    const restMs = lastMs + HINT_EVERY_MS - nowMs();
    if (restMs <= 0) now();
    else waiting = setTimeout(now, restMs).unref();
  };
}
