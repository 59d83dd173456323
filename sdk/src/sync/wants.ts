import { digestKey } from './recent-set.js';

/** Ids that one peer may have offered and not given yet, unless it was given another share. */
const SHARE = 16_384;

interface Entry {
  readonly digest: Uint8Array;
  /** Known where it was announced. */
  timeMs: number | undefined;
  readonly holders: Set<string>;
  askedOf: string | undefined;
}

/** What one peer has offered: `queue` and `inFlight` are parts of `held`. */
interface Line {
  share: number;
  readonly held: Set<string>;
  readonly queue: Set<string>;
  /** When each was asked for, the oldest first. */
  readonly inFlight: Map<string, number>;
}

/**
 * Who is asked for which block. An id is asked of one peer at a time; when that one does not give, of the next that
 * offered it. Each peer has a share of its own: what one announces takes no room from another. What does not fit is
 * dropped, and reconciliation offers it again.
 */
export class Wants {
  private readonly entries = new Map<string, Entry>();
  private readonly lines = new Map<string, Line>();

  constructor(private readonly share = SHARE) {}

  /** From now on `peer` may have so many ids offered and not given. */
  setShare(peer: string, share: number): void {
    this.line(peer).share = share;
  }

  /** `peer` holds these. Answers how many did not fit. */
  offered(peer: string, items: readonly { readonly digest: Uint8Array; readonly timeMs?: number }[]): number {
    const line = this.line(peer);
    let dropped = 0;
    for (const { digest, timeMs } of items) {
      const key = digestKey(digest);
      if (line.held.has(key)) continue;
      if (line.held.size >= line.share) {
        dropped++;
        continue;
      }
      let entry = this.entries.get(key);
      if (entry === undefined) {
        entry = { digest: digest.slice(), timeMs, holders: new Set(), askedOf: undefined };
        this.entries.set(key, entry);
      }
      entry.timeMs ??= timeMs;
      entry.holders.add(peer);
      line.held.add(key);
      if (entry.askedOf === undefined) line.queue.add(key);
    }
    return dropped;
  }

  /** The ids to ask `peer` for now, which is `nowMs`; afterwards at most `inFlightMax` are. */
  next(peer: string, inFlightMax: number, nowMs: number): Uint8Array[] {
    const line = this.line(peer);
    const ids: Uint8Array[] = [];
    for (const key of line.queue) {
      if (line.inFlight.size >= inFlightMax) break;
      line.queue.delete(key);
      const entry = this.entries.get(key);
      if (entry === undefined || entry.askedOf !== undefined) continue;
      entry.askedOf = peer;
      line.inFlight.set(key, nowMs);
      ids.push(entry.digest);
    }
    return ids;
  }

  /** The block is decided here, whoever brought it. Answers the announced time. */
  settle(digest: Uint8Array): number | undefined {
    const key = digestKey(digest);
    const entry = this.entries.get(key);
    if (entry === undefined) return undefined;
    this.entries.delete(key);
    for (const holder of entry.holders) this.forget(this.lines.get(holder)!, key);
    return entry.timeMs;
  }

  /** `peer` will not give it: the next holder is asked. False when there is none and the id is dropped. */
  refused(peer: string, digest: Uint8Array): boolean {
    return this.release(peer, digestKey(digest), true);
  }

  /** This side could not take it now: it is asked for again, of `peer` or another holder. */
  deferred(peer: string, digest: Uint8Array): void {
    this.release(peer, digestKey(digest), false);
  }

  /** `peer` does not answer: everything asked of it goes to other holders. Answers how many ids were dropped. */
  stalled(peer: string): number {
    let dropped = 0;
    for (const key of [...this.line(peer).inFlight.keys()]) if (!this.release(peer, key, true)) dropped++;
    return dropped;
  }

  leave(peer: string): void {
    for (const key of [...this.line(peer).held]) this.release(peer, key, true);
    this.lines.delete(peer);
  }

  /** Was `peer` asked for this? */
  isAsked(peer: string, digest: Uint8Array): boolean {
    return this.lines.get(peer)?.inFlight.has(digestKey(digest)) === true;
  }

  /** When `peer` was asked for what it has owed longest; undefined where it owes nothing. */
  oldestMs(peer: string): number | undefined {
    return this.lines.get(peer)?.inFlight.values().next().value;
  }

  /** Is this what `peer` has owed longest, or was it asked for together with that? */
  isOldest(peer: string, digest: Uint8Array): boolean {
    const askedMs = this.lines.get(peer)?.inFlight.get(digestKey(digest));
    return askedMs !== undefined && askedMs <= this.oldestMs(peer)!;
  }

  /** Who has offered this and not given it, and who is asked for it. */
  of(digest: Uint8Array): { readonly holders: readonly string[]; readonly askedOf?: string } {
    const entry = this.entries.get(digestKey(digest));
    if (entry === undefined) return { holders: [] };
    return { holders: [...entry.holders], ...(entry.askedOf === undefined ? {} : { askedOf: entry.askedOf }) };
  }

  inFlight(peer: string): number {
    return this.lines.get(peer)?.inFlight.size ?? 0;
  }

  queued(peer: string): number {
    return this.lines.get(peer)?.queue.size ?? 0;
  }

  /** Ids that `peer` has offered and that are not here yet. */
  held(peer: string): number {
    return this.lines.get(peer)?.held.size ?? 0;
  }

  get size(): number {
    return this.entries.size;
  }

  private release(peer: string, key: string, forget: boolean): boolean {
    const line = this.lines.get(peer);
    line?.inFlight.delete(key);
    const entry = this.entries.get(key);
    if (entry === undefined) return true;
    if (entry.askedOf === peer) entry.askedOf = undefined;
    if (forget && line !== undefined) {
      this.forget(line, key);
      entry.holders.delete(peer);
    }
    if (entry.holders.size === 0) {
      this.entries.delete(key);
      return false;
    }
    if (entry.askedOf === undefined) for (const holder of entry.holders) this.lines.get(holder)!.queue.add(key);
    return true;
  }

  private forget(line: Line, key: string): void {
    line.held.delete(key);
    line.queue.delete(key);
    line.inFlight.delete(key);
  }

  private line(peer: string): Line {
    let line = this.lines.get(peer);
    if (line === undefined)
      this.lines.set(peer, (line = { share: this.share, held: new Set(), queue: new Set(), inFlight: new Map() }));
    return line;
  }
}
