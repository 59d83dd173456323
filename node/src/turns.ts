/**
 * Steps that hold the event loop for milliseconds (reading a block of 4 MiB), one in each of its turns: a hundred of them
 * that come at once let everything else go by between them.
 */
export function createTurns(): <T>(step: () => Promise<T>) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve();
  return (step) => {
    const result = last.then(step);
    last = result.then(nextTurn, nextTurn);
    return result;
  };
}

/** The same for work that goes on for long: what it awaits resolves in a later turn, for one that waits in each of them. */
export function createPauses(): () => Promise<void> {
  const waiting: (() => void)[] = [];
  const release = (): void => {
    waiting.shift()!();
    if (waiting.length > 0) setImmediate(release);
  };
  return () =>
    new Promise((resolve) => {
      if (waiting.push(resolve) === 1) setImmediate(release);
    });
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
