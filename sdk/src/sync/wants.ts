import { digestKey } from './recent-set.js';

export interface WantsOptions {
  /** Ids wanted from anybody at a time. */
  readonly entriesMax: number;
  /** Ids queued for one peer. */
  readonly perPeerMax: number;
  /** Peers remembered as holders of one id. */
  readonly holdersMax: number;
}

const DEFAULTS: WantsOptions = { entriesMax: 65_536, perPeerMax: 16_384, holdersMax: 8 };

interface Entry {
  readonly digest: Uint8Array;
  /** Known where it was announced. */
  timeMs: number | undefined;
  readonly holders: string[];
  askedOf: string | undefined;
}

interface Line {
  readonly queue: Set<string>;
  readonly inFlight: Set<string>;
}

/**
 * Who is asked for which block. An id is asked of one peer at a time; when that one does not give, of the next that
 * offered it. Everything is bounded: what does not fit is dropped, and reconciliation offers it again.
 */
export class Wants {
  private readonly entries = new Map<string, Entry>();
  private readonly lines = new Map<string, Line>();
  private readonly options: WantsOptions;

  constructor(options: Partial<WantsOptions> = {}) {
    this.options = { ...DEFAULTS, ...options };
  }

  /** `peer` holds these. Answers how many did not fit. */
  offered(peer: string, items: readonly { readonly digest: Uint8Array; readonly timeMs?: number }[]): number {
    const line = this.line(peer);
    let dropped = 0;
    for (const { digest, timeMs } of items) {
      const key = digestKey(digest);
      let entry = this.entries.get(key);
      if (entry?.holders.includes(peer) === true) continue;
      const full =
        line.queue.size >= this.options.perPeerMax ||
        (entry === undefined && this.entries.size >= this.options.entriesMax);
      if (full) {
        dropped++;
        continue;
      }
      if (entry === undefined) {
        entry = { digest: digest.slice(), timeMs, holders: [], askedOf: undefined };
        this.entries.set(key, entry);
      }
      entry.timeMs ??= timeMs;
      if (entry.holders.length >= this.options.holdersMax) continue;
      entry.holders.push(peer);
      if (entry.askedOf === undefined) line.queue.add(key);
    }
    return dropped;
  }

  /** The ids to ask `peer` for now; afterwards at most `inFlightMax` are. */
  next(peer: string, inFlightMax: number): Uint8Array[] {
    const line = this.line(peer);
    const ids: Uint8Array[] = [];
    for (const key of line.queue) {
      if (line.inFlight.size >= inFlightMax) break;
      line.queue.delete(key);
      const entry = this.entries.get(key);
      if (entry === undefined || entry.askedOf !== undefined) continue;
      entry.askedOf = peer;
      line.inFlight.add(key);
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
    if (entry.askedOf !== undefined) this.lines.get(entry.askedOf)?.inFlight.delete(key);
    for (const holder of entry.holders) this.lines.get(holder)?.queue.delete(key);
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
    for (const key of [...this.line(peer).inFlight]) if (!this.release(peer, key, true)) dropped++;
    return dropped;
  }

  leave(peer: string): void {
    const line = this.line(peer);
    for (const key of [...line.inFlight, ...line.queue]) this.release(peer, key, true);
    this.lines.delete(peer);
    for (const [key, entry] of this.entries) if (entry.holders.includes(peer)) this.release(peer, key, true);
  }

  inFlight(peer: string): number {
    return this.line(peer).inFlight.size;
  }

  queued(peer: string): number {
    return this.line(peer).queue.size;
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
    if (forget) {
      line?.queue.delete(key);
      const at = entry.holders.indexOf(peer);
      if (at >= 0) entry.holders.splice(at, 1);
    }
    if (entry.holders.length === 0 && entry.askedOf === undefined) {
      this.entries.delete(key);
      return false;
    }
    if (entry.askedOf === undefined) for (const holder of entry.holders) this.lines.get(holder)?.queue.add(key);
    return true;
  }

  private line(peer: string): Line {
    let line = this.lines.get(peer);
    if (line === undefined) this.lines.set(peer, (line = { queue: new Set(), inFlight: new Set() }));
    return line;
  }
}
