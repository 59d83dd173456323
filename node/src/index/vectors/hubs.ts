import { Bits } from './bits.js';
import { Guard, guardRules } from './guard.js';
import type { RowFile } from './rows.js';
import type { TopRows } from './top-rows.js';

/** Of the rows put aside, so many of the least demoted are looked at. */
const ASIDE_MAX = 1024;

/**
 * How near to everything each row of a space is (its hubness, by slot), as the guard measures it: what that takes from its score, and
 * which rows are so far above all others that they are put aside, out of the graph, where they cannot crowd out candidates.
 */
export class Hubs {
  /** Slots below have hubness by the guard's present sample. */
  private to: number;
  /** In the order of their demotion once somebody asked for it. */
  private asideSlots: number[] = [];
  private isOrdered = false;
  private counted = { at: '', rows: 0 };

  /** Without a guard nothing is measured. */
  constructor(
    readonly guard: Guard | undefined,
    private readonly rows: RowFile,
    private readonly dead: Bits,
    private hubs: Float32Array<ArrayBufferLike> = new Float32Array(16),
    readonly aside: Bits = new Bits(),
    /** Demoted rows that the graph took. */
    public takenIn = 0,
  ) {
    this.to = rows.count;
    for (let slot = 0; slot < rows.count; slot++) if (aside.has(slot)) this.asideSlots.push(slot);
  }

  /** A row was appended at the slot; true where it is near everything. */
  append(slot: number, author: number, seenMs: number): boolean {
    if (slot >= this.hubs.length) this.makeRoom();
    const { guard } = this;
    if (guard === undefined) return false;
    if (guard.arrived(slot, author, seenMs)) this.to = 0;
    this.measure(slot, 0);
    if (this.to === slot) this.to = slot + 1;
    return guard.active && this.hubs[slot]! > guard.threshold;
  }

  /** Rows are gone; the guard's sample may be another one now. @throws RowsDamaged */
  forget(): void {
    if (this.guard?.forget() === true) this.to = 0;
  }

  dropped(): void {
    this.isOrdered = false;
  }

  /** Are there rows that were measured by an earlier sample? */
  get isBehind(): boolean {
    return this.guard !== undefined && this.to < this.rows.count;
  }

  /** One slice of measuring anew. Rows that a graph has (slots below `graphTo`) stay aside once they were put there. */
  measureSome(rows: number, graphTo: number): void {
    const to = Math.min(this.rows.count, this.to + rows);
    for (let slot = this.to; slot < to; slot++) this.measure(slot, graphTo);
    this.to = to;
    this.isOrdered = false;
  }

  /** What is taken from a row's score. */
  demotionOf(slot: number): number {
    return this.guard === undefined || !this.guard.active ? 0 : this.guard.demotion(this.hubs[slot]!);
  }

  /** A graph takes only so many demoted rows; true for one that is put aside instead. */
  isCrowding(slot: number, graphRows: number): boolean {
    if (this.guard === undefined || !this.guard.active || this.hubs[slot]! <= this.guard.threshold) return false;
    if (this.takenIn < Math.max(guardRules.demotedMin, guardRules.demotedShare * graphRows)) {
      this.takenIn++;
      return false;
    }
    this.putAside(slot);
    return true;
  }

  /**
   * Slots of rows put aside, least demoted first, until no cosine could make up for the demotion, or enough of them were looked at:
   * ten thousand hostile rows cost nothing.
   */
  *asideFor(top: TopRows, isFiltered: boolean): Iterable<number> {
    if (!this.isOrdered) {
      this.asideSlots = this.asideSlots
        .filter((slot) => this.aside.has(slot) && !this.dead.has(slot))
        .sort((a, b) => this.hubs[a]! - this.hubs[b]!);
      this.isOrdered = true;
    }
    let scanned = 0;
    for (const slot of this.asideSlots) {
      if (1 - this.demotionOf(slot) < top.floor || (!isFiltered && ++scanned > ASIDE_MAX && top.size === top.capacity))
        return;
      if (!this.dead.has(slot)) yield slot;
    }
  }

  /** Live rows above the threshold of the guard. */
  get demotedRows(): number {
    const { guard } = this;
    if (guard === undefined || !guard.active) return 0;
    const at = `${guard.version} ${this.rows.count} ${this.dead.count} ${this.to}`;
    if (this.counted.at === at) return this.counted.rows;
    let rows = 0;
    for (let slot = 0; slot < this.rows.count; slot++)
      if (this.hubs[slot]! > guard.threshold && !this.dead.has(slot)) rows++;
    this.counted = { at, rows };
    return rows;
  }

  /** As it is saved: hubness of the first `count` rows. */
  bytes(count: number): Uint8Array {
    return new Uint8Array(this.hubs.buffer, this.hubs.byteOffset, count * 4);
  }

  private measure(slot: number, graphTo: number): void {
    const { guard } = this;
    if (guard === undefined || !guard.active || this.dead.has(slot)) return;
    const hub = guard.hubness(this.rows.at(slot), this.rows.offset(slot));
    this.hubs[slot] = hub;
    const far = guard.far(hub);
    if (far === this.aside.has(slot)) return;
    if (far) this.putAside(slot);
    else if (slot >= graphTo) this.aside.delete(slot);
    this.isOrdered = false;
  }

  private putAside(slot: number): void {
    this.aside.add(slot);
    this.asideSlots.push(slot);
    this.isOrdered = false;
  }

  private makeRoom(): void {
    const hubs = new Float32Array(Math.max(16, this.hubs.length * 2));
    hubs.set(this.hubs);
    this.hubs = hubs;
  }
}
