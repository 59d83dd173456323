import type { Clock } from '@cosmicembeddings/sdk';

/** What a peer did, and what it is worth. Only a proven identity is remembered; addresses answer for those who prove none. */
const WORTH = {
  /** A block that was wanted and was not here. */
  useful: 1,
  /** Sent without being asked, and here already. */
  duplicate: -0.05,
  /** A block that no honest node passes on. */
  invalid: -12.5,
  /** Promised, asked for, never given. */
  broken: -10,
  /** Broke the protocol. */
  protocol: -25,
} as const;

export type Deed = keyof typeof WORTH;

export interface Repute {
  readonly score: number;
  /** What it was last charged for. */
  readonly why?: string;
  readonly bannedUntilMs?: number;
  /** Bans so far: each is twice as long as the one before. */
  readonly bans: number;
}

interface Entry {
  score: number;
  why: string | undefined;
  bannedUntilMs: number;
  bans: number;
  atMs: number;
}

export interface ReputationFile {
  load(): Promise<unknown>;
  save(entries: readonly SavedEntry[]): Promise<void>;
}
export type SavedEntry = { readonly key: string } & Readonly<Entry>;

/** Half the way to the next ban: after one, a bad hour is enough. */
const AFTER_BAN = -50;
const SCORE_MAX = 1000;
const HALF_LIFE_MS = 6 * 3_600_000;
const BAN_MIN_MS = 10 * 60_000;
const BAN_MAX_MS = 24 * 3_600_000;
const ENTRIES_MAX = 4096;

/**
 * Scores that outlive connections: halved every six hours, banned at −95, the first time for ten minutes, each time for
 * twice as long, a day at most. Bounded: who was least worth remembering is forgotten first.
 */
export class Reputation {
  private readonly entries = new Map<string, Entry>();
  private changed = false;

  constructor(
    private readonly clock: Clock,
    private readonly banAt: number,
    /** It did something that no honest node does. */
    private readonly onFault?: (key: string, why: string) => void,
  ) {}

  /** Charges or credits `times` deeds; answers whether that brought a ban. */
  note(key: string, deed: Deed, why?: string, times = 1): boolean {
    const entry = this.entry(key);
    entry.score = Math.min(SCORE_MAX, entry.score + WORTH[deed] * times);
    if (WORTH[deed] < 0) entry.why = why ?? deed;
    if (WORTH[deed] <= WORTH.broken) this.onFault?.(key, why ?? deed);
    this.changed = true;
    if (entry.score > this.banAt || this.isBanned(key)) return false;
    this.strike(key, entry.why ?? deed);
    return true;
  }

  /** A ban, twice as long as the one before. */
  strike(key: string, why: string): void {
    if (!this.isBanned(key)) this.ban(key, Math.min(BAN_MAX_MS, BAN_MIN_MS * 2 ** this.entry(key).bans), why);
  }

  ban(key: string, forMs: number, why: string): void {
    const entry = this.entry(key);
    entry.bannedUntilMs = this.clock.now() + forMs;
    entry.bans += 1;
    entry.why = why;
    entry.score = AFTER_BAN;
    this.changed = true;
  }

  /** A ban for so long, unless a longer one is in force. */
  banAtLeast(key: string, forMs: number, why: string): void {
    if (this.entry(key).bannedUntilMs <= this.clock.now() + forMs) this.ban(key, forMs, why);
  }

  /** Forgets what `key` did. False when nothing was known. */
  pardon(key: string): boolean {
    this.changed = true;
    return this.entries.delete(key);
  }

  /** Bad blocks that bring the next ban. */
  untilBan(key: string): number {
    return Math.ceil((this.of(key).score - this.banAt) / -WORTH.invalid);
  }

  isBanned(key: string): boolean {
    return (this.entries.get(key)?.bannedUntilMs ?? 0) > this.clock.now();
  }

  of(key: string): Repute {
    const entry = this.entries.get(key);
    if (entry === undefined) return { score: 0, bans: 0 };
    this.decay(entry);
    return {
      score: Math.round(entry.score * 10) / 10,
      bans: entry.bans,
      ...(entry.why === undefined ? {} : { why: entry.why }),
      ...(this.isBanned(key) ? { bannedUntilMs: entry.bannedUntilMs } : {}),
    };
  }

  /** Keys that are banned now. */
  banned(): string[] {
    return [...this.entries.keys()].filter((key) => this.isBanned(key));
  }

  /** What is worth keeping, where something changed since the last call. */
  toSave(): SavedEntry[] | undefined {
    if (!this.changed) return undefined;
    this.changed = false;
    return [...this.entries].map(([key, entry]) => ({ key, ...entry }));
  }

  restore(saved: unknown): void {
    if (!Array.isArray(saved)) return;
    for (const one of saved as Partial<SavedEntry>[]) {
      const numbers = [one.score, one.bannedUntilMs, one.bans, one.atMs];
      if (typeof one.key !== 'string' || !numbers.every(Number.isFinite)) continue;
      const { score, bannedUntilMs, bans, atMs } = one as SavedEntry;
      this.entries.set(one.key, { score, bannedUntilMs, bans, atMs, why: one.why?.toString().slice(0, 200) });
    }
  }

  private entry(key: string): Entry {
    let entry = this.entries.get(key);
    if (entry === undefined) {
      if (this.entries.size >= ENTRIES_MAX) this.forgetOne();
      entry = { score: 0, why: undefined, bannedUntilMs: 0, bans: 0, atMs: this.clock.now() };
      this.entries.set(key, entry);
    }
    this.decay(entry);
    return entry;
  }

  private decay(entry: Entry): void {
    const nowMs = this.clock.now();
    if (nowMs > entry.atMs) entry.score *= 2 ** -((nowMs - entry.atMs) / HALF_LIFE_MS);
    entry.atMs = nowMs;
  }

  /** The least known of the next hundred, bans last. */
  private forgetOne(): void {
    let worst: string | undefined;
    let least = Infinity;
    let looked = 0;
    for (const [key, { score }] of this.entries) {
      const worth = Math.abs(score) + (this.isBanned(key) ? 1e6 : 0);
      if (worth < least) [worst, least] = [key, worth];
      if (++looked >= 100) break;
    }
    if (worst !== undefined) this.entries.delete(worst);
  }
}
