import { AsyncLocalStorage } from 'node:async_hooks';

/** When a thread was at something that it was handed, ms since the epoch with fractions. */
export type Worked = readonly [fromMs: number, toMs: number];

/** What is going on here is traced: whoever hands it to a thread tells when that was at it. */
export interface TracedWork {
  thread(name: string): (worked: Worked) => void;
}

export const tracedWork = new AsyncLocalStorage<TracedWork>();

/** Called where work is handed over, told when it is done; undefined where nobody traces it. */
export function handOver(thread: string): ((worked: Worked) => void) | undefined {
  return tracedWork.getStore()?.thread(thread);
}

/** The same for all threads, unlike `performance.now()`. */
export function preciseMs(): number {
  return performance.timeOrigin + performance.now();
}
