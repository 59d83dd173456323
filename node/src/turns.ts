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

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
