/**
 * Why a space's rows are read from the store once more: it is new and came over the rate (`new`), some or all of its rows
 * cannot be read (`lost`), or it is whole and only being packed again (`whole`).
 */
export type Why = 'new' | 'lost' | 'whole';

/** As it is saved. */
export type Wait = readonly [space: string, from: number, why?: Why];

interface Entry {
  /** Its rows up to this number of the store are known. */
  readonly from: number;
  readonly why: Why;
}

/** Which spaces wait for their rows, and the pass over the store that brings those of some of them. Decides, and does nothing. */
export class Waiting {
  private readonly entries = new Map<string, Entry>();
  private pass: { readonly spaces: Set<string>; seq: number } | undefined;

  constructor(saved: readonly Wait[] = []) {
    // Earlier files do not say why; what was lost began at the store's beginning.
    for (const [id, from, why = from === 0 ? 'lost' : 'new'] of saved) this.entries.set(id, { from, why });
  }

  get size(): number {
    return this.entries.size;
  }

  has(id: string): boolean {
    return this.entries.has(id);
  }

  ids(): string[] {
    return [...this.entries.keys()];
  }

  add(id: string, from: number, why: Why): void {
    this.drop(id);
    this.entries.set(id, { from, why });
  }

  drop(id: string): void {
    this.entries.delete(id);
    this.pass?.spaces.delete(id);
  }

  /** Begins a pass over all that may be read now; false where there is none, or one is under way. */
  begin(may: (id: string, why: Why) => boolean): boolean {
    if (this.pass !== undefined || this.entries.size === 0) return false;
    const chosen = [...this.entries].filter(([id, { why }]) => may(id, why));
    if (chosen.length === 0) return false;
    this.pass = { spaces: new Set(chosen.map(([id]) => id)), seq: Math.min(...chosen.map(([, { from }]) => from)) };
    return true;
  }

  /** Number of the store up to which the pass has read; undefined where none is under way. */
  get passed(): number | undefined {
    return this.pass?.seq;
  }

  passTo(seq: number): void {
    if (this.pass !== undefined) this.pass.seq = Math.max(this.pass.seq, seq);
  }

  /** Are this space's rows of that item for the pass to bring? */
  wants(id: string, seq: number): boolean {
    return this.pass?.spaces.has(id) === true && seq > this.entries.get(id)!.from;
  }

  /** Is there a pass that has come to where the others are, or that nobody needs any more? */
  isDone(seq: number): boolean {
    return this.pass !== undefined && (this.pass.seq >= seq || this.pass.spaces.size === 0);
  }

  /** The pass is over: its spaces do not wait any more. */
  end(): string[] {
    const spaces = [...(this.pass?.spaces ?? [])];
    for (const id of spaces) this.entries.delete(id);
    this.pass = undefined;
    return spaces;
  }

  /** Up to which number of the store a space answers, where the others answer up to `seq`. */
  answersTo(id: string, seq: number): number {
    const entry = this.entries.get(id);
    return entry === undefined || entry.why === 'whole' ? seq : Math.min(seq, this.knownTo(id, entry));
  }

  /**
   * As `answersTo`, for all spaces together. New ones do not count: whoever publishes blocks of ten thousand spaces would hold
   * up everybody who waits.
   */
  reached(seq: number): number {
    let least = seq;
    for (const [id, entry] of this.entries) if (entry.why === 'lost') least = Math.min(least, this.knownTo(id, entry));
    return least;
  }

  saved(): [space: string, from: number, why: Why][] {
    return [...this.entries].map(([id, entry]) => [id, this.knownTo(id, entry), entry.why]);
  }

  private knownTo(id: string, { from }: Entry): number {
    return this.pass?.spaces.has(id) === true ? Math.max(from, this.pass.seq) : from;
  }
}
