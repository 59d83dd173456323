import { readFileSync, readlinkSync } from 'node:fs';

/** Ticks in a second of /proc (USER_HZ). */
const TICKS = 100;

/** Where the calling thread's own time can be read, for other threads too; undefined where the system has no /proc/thread-self (proc(5)). */
export function threadTimePath(): string | undefined {
  try {
    return `/proc/${readlinkSync('/proc/thread-self')}/stat`;
  } catch {
    return undefined;
  }
}

/** Milliseconds of processor time that the thread has had, in steps of ten; undefined where it is gone or that is not told. */
export function threadTimeMs(path: string | undefined): number | undefined {
  if (path === undefined) return undefined;
  try {
    const stat = readFileSync(path, 'utf8');
    // Fields 14 and 15; the name, field 2, may hold blanks.
    const [user, system] = stat
      .slice(stat.lastIndexOf(')') + 2)
      .split(' ')
      .slice(11, 13)
      .map(Number);
    return ((user! + system!) * 1000) / TICKS;
  } catch {
    return undefined;
  }
}

/**
 * Says whether a thread has had `limitMs` of its own time since now, where that is told, else whether so long went by: on a
 * busy machine a quarter of a second by the clock may be no work at all.
 */
export function lateAfter(
  limitMs: number,
  spentMs: () => number | undefined,
  nowMs: () => number = () => performance.now(),
): () => boolean {
  const beganMs = spentMs();
  let lookMs = nowMs() + limitMs;
  return () => {
    const now = nowMs();
    if (now <= lookMs) return false;
    const spent = spentMs();
    if (spent === undefined || beganMs === undefined || spent - beganMs >= limitMs) return true;
    lookMs = now + limitMs - (spent - beganMs);
    return false;
  };
}
