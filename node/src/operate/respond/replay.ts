import { createJudge, type Finding } from './judge.js';
import { nameOfRule, signals, type RespondRules, type Signal } from './rules.js';
import { readTraffic } from './traffic.js';
import { noteReplayed } from './replayed.js';

const WEEK_MS = 7 * 86_400_000;
const MINUTE_MS = 60_000;

/** What rules would have done to the traffic of the last week. */
export interface Replay {
  readonly fromMs: number | undefined;
  readonly toMs: number | undefined;
  readonly rules: Readonly<Record<Signal, ReplayedRule>>;
}

export interface ReplayedRule {
  readonly then: string;
  /** How often it would have acted. */
  readonly times: number;
  /** On whom, most often first; at most 20. */
  readonly whom: readonly { readonly who: string; readonly times: number; readonly count: number }[];
  /** Blocks that were kept and would have been refused, or slowed down. */
  readonly keptBack: number;
}

/** The very judge of a running node over what it recorded; notes which rules were tried, so that they may act. A record of nothing tries nothing. */
export function replay(folder: string, rules: RespondRules, nowMs: number): Replay {
  const judge = createJudge(rules);
  const found: Finding[] = [];
  const held = new Map<Signal, number>();
  let inForce: Finding[] = [];
  let fromMs: number | undefined;
  let toMs: number | undefined;
  for (const tick of readTraffic(folder, nowMs - WEEK_MS)) {
    fromMs ??= tick.atMs;
    inForce = inForce.filter(({ untilMs }) => untilMs > tick.atMs);
    for (const { signal, who, rule } of inForce) {
      const kept = tick.kept[who] ?? 0;
      const back =
        rule.then === 'refuse' ? kept : rule.then === 'slow' ? overpace(kept, rule.slowTo, tick.atMs - toMs!) : 0;
      held.set(signal, (held.get(signal) ?? 0) + back);
    }
    toMs = tick.atMs;
    const now = judge.step(tick);
    found.push(...now);
    inForce.push(...now);
  }
  // On nothing, nothing was tried.
  if (fromMs !== undefined)
    noteReplayed(
      folder,
      signals.map((signal) => nameOfRule(rules[signal])),
      nowMs,
    );
  const outcome = (signal: Signal): ReplayedRule => {
    const ofIt = found.filter((one) => one.signal === signal);
    const whom = new Map<string, { times: number; count: number }>();
    for (const { who, count } of ofIt) {
      const before = whom.get(who) ?? { times: 0, count: 0 };
      whom.set(who, { times: before.times + 1, count: Math.max(before.count, count) });
    }
    return {
      then: rules[signal].then,
      times: ofIt.length,
      whom: [...whom]
        .map(([who, one]) => ({ who, ...one }))
        .sort((a, b) => b.times - a.times)
        .slice(0, 20),
      keptBack: Math.round(held.get(signal) ?? 0),
    };
  };
  return {
    fromMs,
    toMs,
    rules: Object.fromEntries(signals.map((signal) => [signal, outcome(signal)])) as Record<Signal, ReplayedRule>,
  };
}

function overpace(kept: number, perMinute: number, ms: number): number {
  return Math.max(0, kept - (perMinute * ms) / MINUTE_MS);
}
