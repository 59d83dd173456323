import type { Bits } from './bits.js';

/**
 * Which label each slot has, and which live slot a label has. Slots are numbered in order of arrival, and labels mostly come
 * ascending: then finding one is a search by halves; else a map is kept.
 */
export class LabelTable {
  private labels_: Uint32Array;
  private count: number;
  /** Only when labels did not arrive in ascending order. */
  private slots: Map<number, number> | undefined;

  constructor(
    private readonly dead: Bits,
    saved: Uint32Array = new Uint32Array(0),
  ) {
    this.labels_ = Uint32Array.from(saved);
    this.count = saved.length;
    for (let slot = 1; slot < this.count; slot++)
      if (saved[slot]! <= saved[slot - 1]!) {
        this.index();
        break;
      }
  }

  /** Labels by slot, with room behind the last one; another array whenever that is used up. */
  get labels(): Uint32Array {
    return this.labels_;
  }

  /** The next slot has this label. */
  append(label: number): void {
    const slot = this.count++;
    if (slot >= this.labels_.length) {
      const labels = new Uint32Array(Math.max(16, this.labels_.length * 2));
      labels.set(this.labels_);
      this.labels_ = labels;
    }
    this.labels_[slot] = label;
    if (this.slots !== undefined) this.slots.set(label, slot);
    else if (slot > 0 && label <= this.labels_[slot - 1]!) this.index();
  }

  /** A slot is dead. */
  drop(slot: number): void {
    const label = this.labels_[slot]!;
    if (this.slots?.get(label) === slot) this.slots.delete(label);
  }

  /** Slot of a live label, −1 if there is none. */
  slotOf(label: number): number {
    if (this.slots !== undefined) return this.slots.get(label) ?? -1;
    const last = this.count - 1;
    if (last < 0 || label > this.labels_[last]!) return -1;
    const slot = this.find(label, 0, last);
    return this.labels_[slot] === label && !this.dead.has(slot) ? slot : -1;
  }

  /** As `slotOf`, for ascending labels that are there: mostly the next slot or one near it. */
  slotFrom(label: number, from: number): number {
    if (this.slots !== undefined) return this.slots.get(label)!;
    let step = 1;
    let low = from;
    while (low + step < this.count && this.labels_[low + step]! < label) {
      low += step;
      step *= 2;
    }
    return this.find(label, low, Math.min(low + step, this.count - 1));
  }

  /** The first slot from `low` to `high` whose label is not below `label`; `high` where there is none. */
  private find(label: number, low: number, high: number): number {
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.labels_[middle]! < label) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  private index(): void {
    this.slots = new Map();
    for (let slot = 0; slot < this.count; slot++) if (!this.dead.has(slot)) this.slots.set(this.labels_[slot]!, slot);
  }
}
