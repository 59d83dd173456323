/** How far something long is. */
export type OnProgress = (done: number, all: number) => void;

/** What is told over the channel of whoever started this process with one: the cosmic command, which draws it. */
export interface ToldProgress {
  readonly progress: { readonly what: string; readonly done: number; readonly all: number };
}

const EVERY_MS = 100;

/** Tells at most ten times a second; nobody hears it where there is no channel. */
export function tellProgress(what: string): OnProgress {
  let toldAt = -Infinity;
  return (done, all) => {
    const now = performance.now();
    if (process.send === undefined || now - toldAt < EVERY_MS) return;
    toldAt = now;
    process.send({ progress: { what, done, all } } satisfies ToldProgress);
  };
}
