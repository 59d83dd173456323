import { signals, type RespondRules, type Signal, type SignalRule } from './rules.js';

/** What came within a few seconds. */
export interface Tick {
  readonly atMs: number;
  /** How often, by signal and by whom. */
  readonly counts: Readonly<Partial<Record<Signal, Readonly<Record<string, number>>>>>;
  /** Blocks that were kept, by address, key or peer, by author and by class of authors. */
  readonly kept: Readonly<Record<string, number>>;
}

/** A rule was broken. */
export interface Finding {
  readonly signal: Signal;
  readonly who: string;
  readonly count: number;
  readonly rule: SignalRule;
  readonly atMs: number;
  readonly untilMs: number;
}

export interface Judge {
  /** Ticks in the order of their time. */
  step(tick: Tick): Finding[];
  /** Was it found lately, so that nothing is found of it now? */
  isLeft(signal: Signal, who: string): boolean;
  /** Nothing is found of this one until then. */
  leave(signal: Signal, who: string, untilMs: number): void;
}

/** Of each signal: those of whom its rule was found broken at a time, and those whose counts are held. */
export const FOUND_MAX = 256;
const HELD_MAX = 4096;

/** The same for a running node and for the dry run over what it recorded: it knows ticks alone, no clock and no effects. */
export function createJudge(rules: RespondRules): Judge {
  const held = new Map<Signal, Map<string, { atMs: number; count: number }[]>>(signals.map((one) => [one, new Map()]));
  const left = new Map<Signal, Map<string, number>>(signals.map((one) => [one, new Map()]));

  const add = (signal: Signal, who: string, count: number, atMs: number): number => {
    const whos = held.get(signal)!;
    const since = atMs - rules[signal].perMs;
    const kept = (whos.get(who) ?? []).filter((one) => one.atMs > since);
    kept.push({ atMs, count });
    whos.delete(who);
    whos.set(who, kept);
    // Who was longest silent is forgotten first.
    if (whos.size > HELD_MAX) whos.delete(whos.keys().next().value!);
    return kept.reduce((sum, one) => sum + one.count, 0);
  };

  return {
    isLeft: (signal, who) => left.get(signal)!.has(who),
    leave: (signal, who, untilMs) => void left.get(signal)!.set(who, untilMs),
    step({ atMs, counts }) {
      const found: Finding[] = [];
      for (const signal of signals) {
        if (rules[signal].then === 'off') continue;
        const alone = left.get(signal)!;
        for (const [who, untilMs] of alone) if (untilMs <= atMs) alone.delete(who);
        for (const [who, times] of Object.entries(counts[signal] ?? {})) {
          const rule = rules[signal];
          const count = add(signal, who, times, atMs);
          if (count <= rule.over || alone.has(who) || alone.size >= FOUND_MAX) continue;
          const untilMs = atMs + rule.forMs;
          alone.set(who, untilMs);
          held.get(signal)!.delete(who);
          found.push({ signal, who, count, rule, atMs, untilMs });
        }
      }
      return found;
    },
  };
}
