/** One thing that was looked at. */
export interface Finding {
  readonly check: string;
  /** `warning`: it works, and something should be known; `fault`: something does not work. */
  readonly state: 'ok' | 'warning' | 'fault';
  readonly what: string;
  /** What to do about it, where something is to be done. */
  readonly remedy?: string;
}

export function ok(check: string, what: string): Finding {
  return { check, state: 'ok', what };
}

export function warning(check: string, what: string, remedy: string): Finding {
  return { check, state: 'warning', what, remedy };
}

export function fault(check: string, what: string, remedy: string): Finding {
  return { check, state: 'fault', what, remedy };
}
