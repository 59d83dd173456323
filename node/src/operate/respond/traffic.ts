import { appendFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Tick } from './judge.js';
import { signals, type Signal } from './rules.js';

/** Ticks of the last days, a file a day, in `traffic/` of the data folder. */
const DAYS = 8;
const MAX_BYTES = 64 * 1024 * 1024;
const DAY_MS = 86_400_000;
/** Of each signal, and of what was kept, the most active; an attack has many names and is told by the loudest. */
const NAMED_MAX = 8;
const KEPT_MAX = 24;
const GATHERED_MAX = 4096;

type Counts = Map<string, number>;

/** Gathers what comes until the next tick. Bounded: whoever comes when many are known already is not counted by name. */
export interface Gathering {
  /** Answers how often it came since the last tick. */
  note(signal: Signal, who: string, times?: number): number;
  noteKept(names: readonly string[]): void;
  /** What came since the last; undefined where nothing did. */
  take(atMs: number): Tick | undefined;
}

export function createGathering(): Gathering {
  let counts = new Map<Signal, Counts>();
  let kept: Counts = new Map();
  const add = (to: Counts, name: string, times: number): number => {
    const before = to.get(name);
    if (before === undefined && to.size >= GATHERED_MAX) return 0;
    to.set(name, (before ?? 0) + times);
    return (before ?? 0) + times;
  };
  return {
    note: (signal, who, times = 1) => {
      let to = counts.get(signal);
      if (to === undefined) counts.set(signal, (to = new Map()));
      return add(to, who, times);
    },
    noteKept: (names) => {
      for (const name of names) add(kept, name, 1);
    },
    take: (atMs) => {
      if (counts.size === 0 && kept.size === 0) return undefined;
      const tick = {
        atMs,
        counts: Object.fromEntries([...counts].map(([signal, to]) => [signal, loudest(to, NAMED_MAX)])),
        kept: loudest(kept, KEPT_MAX),
      };
      counts = new Map();
      kept = new Map();
      return tick;
    },
  };
}

function loudest(counts: Counts, max: number): Record<string, number> {
  return Object.fromEntries([...counts].sort(([, a], [, b]) => b - a).slice(0, max));
}

/** Adds a tick to its day's file; the oldest days go. */
export function writeTick(folder: string, tick: Tick): void {
  const at = trafficFolder(folder);
  mkdirSync(at, { recursive: true, mode: 0o700 });
  const name = `${new Date(tick.atMs).toISOString().slice(0, 10)}.jsonl`;
  const isNew = !existsSync(join(at, name));
  appendFileSync(join(at, name), JSON.stringify(tick) + '\n', { mode: 0o600 });
  if (isNew || Math.random() < 0.01) sweep(at);
}

function sweep(at: string): void {
  let bytes = 0;
  for (const [i, file] of filesIn(at).reverse().entries()) {
    bytes += statSync(join(at, file)).size;
    if (i >= DAYS || (i > 0 && bytes > MAX_BYTES)) rmSync(join(at, file), { force: true });
  }
}

/** Ticks since then, oldest first; lines that were cut off are left out. */
export function* readTraffic(folder: string, sinceMs: number): Generator<Tick> {
  const at = trafficFolder(folder);
  for (const file of filesIn(at)) {
    if (Date.parse(file.slice(0, 10)) + DAY_MS < sinceMs) continue;
    for (const line of readFileSync(join(at, file), 'utf8').split('\n')) {
      const tick = tickOf(line);
      if (tick !== undefined && tick.atMs >= sinceMs) yield tick;
    }
  }
}

function tickOf(line: string): Tick | undefined {
  try {
    const { atMs, counts, kept } = JSON.parse(line) as Partial<Tick>;
    if (!Number.isFinite(atMs)) return undefined;
    const known = Object.fromEntries(
      signals.flatMap((one) => (counts?.[one] === undefined ? [] : [[one, counts[one]]])),
    );
    return { atMs: atMs!, counts: known, kept: kept ?? {} };
  } catch {
    return undefined;
  }
}

function filesIn(at: string): string[] {
  if (!existsSync(at)) return [];
  return readdirSync(at)
    .filter((name) => /^\d{4}-\d\d-\d\d\.jsonl$/.test(name))
    .sort();
}

function trafficFolder(folder: string): string {
  return join(folder, 'traffic');
}
