import { appendFileSync, existsSync, mkdirSync, readFileSync, renameSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { CosmicError, type Clock } from '@cosmicembeddings/sdk';
import type { RespondAction, RespondEvent, Responses } from '@cosmicembeddings/sdk/api';
import { createBuckets } from '../../door/buckets.js';
import type { Refusal } from '../../door/admission.js';
import { createJudge, type Finding } from './judge.js';
import { isReplayed, readWhole, respondFolder, writeWhole } from './replayed.js';
import { nameOfRule, signals, type RespondRules, type Signal, type SignalRule } from './rules.js';
import { createGathering, writeTick } from './traffic.js';

export interface ResponderOptions {
  readonly folder: string;
  readonly rules: RespondRules;
  readonly clock: Clock;
  /** How often what came is judged and recorded. Default 15 s. */
  readonly tickMs?: number;
  /** A peer is not to be spoken with until then, and is again. */
  readonly peers?: { refuse(name: string, forMs: number, why: string): void; pardon(name: string, why: string): void };
  onSignal?(signal: Signal, times: number): void;
  onEvent?(event: RespondEvent): void;
  onError?(error: unknown): void;
}

/** Counts signals, acts where the operator's rules allow, and lets go again. */
export interface Responder {
  note(signal: Signal, who: string, times?: number): void;
  noteKept(names: readonly string[]): void;
  /** Is one of these held back now? Taken from what is left to whom is slowed down. */
  held(names: readonly string[], nowMs: number, of: 'blocks' | 'requests'): Refusal | undefined;
  inForce(): readonly RespondAction[];
  list(): Responses;
  /** Ends an action at once; the same one is left alone for as long as it would have lasted. @throws CosmicError request.malformed */
  undo(id: string): RespondAction;
  notes(): readonly string[];
  close(): Promise<void>;
}

const TICK_MS = 15_000;
/** Where a rule is broken within a tick, it is looked at before its end, at most so often. */
const URGENT_MS = 1_000;
const MINUTE_MS = 60_000;
const JOURNAL_MAX_BYTES = 1024 * 1024;
const LISTED = 100;
const PEER = /^peer /;

interface State {
  readonly next: number;
  readonly actions: readonly RespondAction[];
  readonly excused: readonly { readonly signal: Signal; readonly who: string; readonly untilMs: number }[];
}

export function startResponder(options: ResponderOptions): Responder {
  const { folder, rules, clock, peers } = options;
  const judge = createJudge(rules);
  const gathering = createGathering();
  const buckets = createBuckets(1024);
  const stopping = new AbortController();
  const before = stateOf(readWhole(folder, 'state.json'), rules, clock.now());
  let { next } = before;
  let excused = [...before.excused];
  const actions = new Map(before.actions.map((one) => [one.id, one]));
  for (const { signal, who, untilMs } of [...before.actions, ...excused]) judge.leave(signal as Signal, who, untilMs);
  /** Findings that were only told because their rule was not tried. */
  const waiting = new Map<string, Finding>();
  let holding: readonly RespondAction[] = [];
  const isOff = signals.every((signal) => rules[signal].then === 'off');

  /** A full disk keeps no journal, and keeps nothing from being answered or a node from starting. */
  const written = (write: () => void): void => {
    try {
      write();
    } catch (error) {
      options.onError?.(error);
    }
  };
  const settle = (): void => {
    holding = [...actions.values()].filter(({ what }) => what !== 'alert');
    written(() => writeWhole(folder, 'state.json', { next, actions: [...actions.values()], excused } satisfies State));
  };
  const tell = (event: RespondEvent): void => {
    written(() => writeJournal(folder, event));
    options.onEvent?.(event);
  };
  const act = (finding: Finding): void => {
    const { signal, who, count, rule, atMs, untilMs } = finding;
    // What nobody has tried on this node's own traffic is told alone.
    const isTried = actsAtOnce(rule) || isReplayed(folder, nameOfRule(rule));
    const what = isTried && rule.then !== 'off' ? rule.then : 'alert';
    if (!isTried) waiting.set(`r${next}`, finding);
    const untried = isTried ? '' : `; ${rule.then} waits for cosmic policy replay`;
    const id = `r${next++}`;
    const reason = `${count} ${signal} in ${rule.perMs / 1000} s, more than ${rule.over}${untried}`;
    const action = {
      id,
      signal,
      who,
      what,
      reason,
      atMs,
      untilMs,
      ...(what === 'slow' ? { perMinute: rule.slowTo } : {}),
    };
    actions.set(id, action);
    settle();
    if (what === 'refuse' && PEER.test(who)) peers?.refuse(who.replace(PEER, ''), rule.forMs, reason);
    tell({ ...action, event: 'begun', eventMs: atMs, undo: `cosmic respond undo ${id}` });
  };
  const expire = (nowMs: number): void => {
    const over = [...actions.values()].filter(({ untilMs }) => untilMs <= nowMs);
    const was = excused.length;
    excused = excused.filter(({ untilMs }) => untilMs > nowMs);
    for (const one of over) actions.delete(one.id);
    if (over.length > 0 || excused.length < was) settle();
    for (const one of over) tell({ ...one, event: 'ended', eventMs: nowMs });
  };
  /** A rule that has been tried meanwhile acts on what it found. */
  const actOnTried = (nowMs: number): void => {
    for (const [id, finding] of waiting) {
      const action = actions.get(id);
      if (action !== undefined && !isReplayed(folder, nameOfRule(finding.rule))) continue;
      waiting.delete(id);
      if (action === undefined) continue;
      actions.delete(id);
      tell({ ...action, event: 'ended', eventMs: nowMs });
      act({ ...finding, atMs: nowMs });
    }
  };
  let lookedMs = -Infinity;
  const look = (): void => {
    const nowMs = (lookedMs = clock.now());
    try {
      expire(nowMs);
      actOnTried(nowMs);
      const tick = gathering.take(nowMs);
      if (tick === undefined) return;
      for (const finding of judge.step(tick)) act(finding);
      written(() => writeTick(folder, tick));
    } catch (error) {
      options.onError?.(error);
    }
  };
  let isDue = false;
  const lookSoon = (): void => {
    const restMs = lookedMs + URGENT_MS - clock.now();
    if (restMs <= 0) return look();
    if (isDue) return;
    isDue = true;
    void clock.sleep(restMs, stopping.signal).then(
      () => {
        isDue = false;
        look();
      },
      () => undefined,
    );
  };
  settle();
  const rounds = (async () => {
    while (!stopping.signal.aborted) {
      await clock.sleep(options.tickMs ?? TICK_MS, stopping.signal).catch(() => undefined);
      look();
    }
  })();

  return {
    note: (signal, who, times = 1) => {
      options.onSignal?.(signal, times);
      if (rules[signal].then === 'off') return;
      // A flood is not let in until the tick is over.
      if (gathering.note(signal, who, times) > rules[signal].over && !judge.isLeft(signal, who)) lookSoon();
    },
    // What was kept is recorded to be held against signals.
    noteKept: (names) => {
      if (!isOff) gathering.noteKept(names);
    },
    held: (names, nowMs, of) => {
      if (holding.length === 0) return undefined;
      for (const action of holding) {
        if (!names.includes(action.who) || action.untilMs <= nowMs) continue;
        // Whoever guesses secrets may have blocks; whoever brings bad blocks may ask.
        if ((action.signal === 'failedLogins') !== (of === 'requests')) continue;
        const allowance = { blocks: action.perMinute ?? 0, perMs: MINUTE_MS };
        const lack = buckets.lacks(action.id, allowance, { blocks: 1, bytes: 0 }, nowMs);
        if (lack === undefined) {
          buckets.take(action.id, allowance, { blocks: 1, bytes: 0 }, nowMs);
          continue;
        }
        const retryAtMs = Math.min(action.untilMs, lack.retryAtMs ?? action.untilMs);
        const until = new Date(retryAtMs).toISOString();
        return {
          rule: `respond.${action.signal}`,
          detail: `${action.what} (${action.id}); come back at ${until}`,
          retryAtMs,
        };
      }
      return undefined;
    },
    inForce: () => [...actions.values()],
    list: () => ({
      actions: [...actions.values()],
      rules: Object.fromEntries(
        signals.map((signal) => {
          const rule = rules[signal];
          return [signal, { ...rule, tried: actsAtOnce(rule) || isReplayed(folder, nameOfRule(rule)) }];
        }),
      ),
      journal: readJournal(folder),
    }),
    undo: (id) => {
      const action = actions.get(id);
      if (action === undefined)
        throw new CosmicError('request.malformed', `${id.slice(0, 40)}: no action in force; cosmic respond list`);
      actions.delete(id);
      excused = [...excused, { signal: action.signal as Signal, who: action.who, untilMs: action.untilMs }];
      settle();
      if (action.what === 'refuse' && PEER.test(action.who)) peers?.pardon(action.who.replace(PEER, ''), action.reason);
      tell({ ...action, event: 'undone', eventMs: clock.now() });
      return action;
    },
    notes: () => (actions.size === 0 ? [] : [`${actions.size} signals of abuse are answered now: cosmic respond list`]),
    close: async () => {
      stopping.abort(new Error('closed'));
      await rounds;
      look();
    },
  };
}

/** Does it need no dry run? */
function actsAtOnce({ then }: SignalRule): boolean {
  return then === 'alert' || then === 'off';
}

function stateOf(value: unknown, rules: RespondRules, nowMs: number): State {
  const { next, actions = [], excused = [] } = (value ?? {}) as Partial<State>;
  const lives = ({ untilMs }: { readonly untilMs: number }): boolean => untilMs > nowMs;
  // An undone one leaves its name free to nobody else.
  return {
    next: Number.isSafeInteger(next) ? next! : 1,
    actions: actions.filter((one) => lives(one) && rules[one.signal as Signal]?.then !== 'off'),
    excused: excused.filter(lives),
  };
}

function writeJournal(folder: string, event: RespondEvent): void {
  mkdirSync(respondFolder(folder), { recursive: true, mode: 0o700 });
  const path = join(respondFolder(folder), 'journal.jsonl');
  if (existsSync(path) && statSync(path).size > JOURNAL_MAX_BYTES)
    renameSync(path, join(respondFolder(folder), 'journal.1.jsonl'));
  appendFileSync(path, JSON.stringify(event) + '\n', { mode: 0o600 });
}

/** The newest entries, newest last. */
function readJournal(folder: string): RespondEvent[] {
  const lines = ['journal.1.jsonl', 'journal.jsonl'].flatMap((name) => {
    const path = join(respondFolder(folder), name);
    return existsSync(path)
      ? readFileSync(path, 'utf8')
          .split('\n')
          .filter((line) => line !== '')
      : [];
  });
  return lines.slice(-LISTED).flatMap((line) => {
    try {
      return [JSON.parse(line) as RespondEvent];
    } catch {
      return [];
    }
  });
}
