/** How often the cache may spend a millisecond on fitting a segment, so that scattered timestamps are no attack. */
export interface FitBudget {
  /** Called once a check. */
  tick(): void;
  /** Whether a fit may be made now; taking one spends it. */
  take(): boolean;
}

/** One fit is earned by every `checks` checks, at most `burst` are saved up. Needs no clock: fitting adds at most 1/`checks` of a fit to a check. */
export function fitsPerChecks(checks = 64, burst = 16): FitBudget {
  let earned = burst * checks;
  return {
    tick: () => void (earned = Math.min(burst * checks, earned + 1)),
    take: () => {
      if (earned < checks) return false;
      earned -= checks;
      return true;
    },
  };
}

/** At most `perSecond` fits a second by the clock that is handed in, at most `burst` saved up. */
export function fitsPerSecond(perSecond: number, nowMs: () => number, burst = 16): FitBudget {
  let saved = burst;
  let lastMs = nowMs();
  return {
    tick: () => undefined,
    take: () => {
      const now = nowMs();
      saved = Math.min(burst, saved + (Math.max(0, now - lastMs) * perSecond) / 1000);
      lastMs = now;
      if (saved < 1) return false;
      saved -= 1;
      return true;
    },
  };
}
