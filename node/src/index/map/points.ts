/** What of a block its points are coloured by. */
export interface PointBlock {
  readonly id: string;
  readonly author: string;
  readonly tags: readonly string[];
  /** Id of the space that its author put it in. */
  readonly space: string;
  /** As claimed, ms since the epoch. */
  readonly timeMs: number;
  readonly firstLabel: number;
}

/** Rows of a space on its map, by label, with the place of each where it has one. Rows that go leave no hole. */
export class Points {
  private readonly indexes = new Map<number, number>();
  private labels_ = new Uint32Array(1024);
  private xs = new Float32Array(1024);
  private ys = new Float32Array(1024);
  private readonly blocks: PointBlock[] = [];
  private placed_ = 0;

  get size(): number {
    return this.blocks.length;
  }

  /** Those that have a place. */
  get placed(): number {
    return this.placed_;
  }

  has(label: number): boolean {
    return this.indexes.has(label);
  }

  /** A known label stays as it is. */
  add(label: number, block: PointBlock): void {
    if (this.indexes.has(label)) return;
    const index = this.blocks.length;
    if (index === this.labels_.length) this.grow();
    this.indexes.set(label, index);
    this.labels_[index] = label;
    this.xs[index] = this.ys[index] = NaN;
    this.blocks.push(block);
  }

  /** Was there one? */
  remove(label: number): boolean {
    const index = this.indexes.get(label);
    if (index === undefined) return false;
    if (this.isPlaced(index)) this.placed_--;
    const last = this.blocks.length - 1;
    if (index !== last) {
      this.labels_[index] = this.labels_[last]!;
      this.xs[index] = this.xs[last]!;
      this.ys[index] = this.ys[last]!;
      this.blocks[index] = this.blocks[last]!;
      this.indexes.set(this.labels_[index]!, index);
    }
    this.blocks.pop();
    this.indexes.delete(label);
    return true;
  }

  place(label: number, x: number, y: number): void {
    const index = this.indexes.get(label);
    if (index === undefined) return;
    if (!this.isPlaced(index)) this.placed_++;
    this.xs[index] = x;
    this.ys[index] = y;
  }

  indexOf(label: number): number | undefined {
    return this.indexes.get(label);
  }

  isPlaced(index: number): boolean {
    return !Number.isNaN(this.xs[index]!);
  }

  labelAt(index: number): number {
    return this.labels_[index]!;
  }

  xAt(index: number): number {
    return this.xs[index]!;
  }

  yAt(index: number): number {
    return this.ys[index]!;
  }

  blockAt(index: number): PointBlock {
    return this.blocks[index]!;
  }

  /** Copies. */
  get labels(): Uint32Array {
    return this.labels_.slice(0, this.size);
  }

  private grow(): void {
    const twice = <T extends Uint32Array | Float32Array>(old: T, made: T): T => {
      made.set(old);
      return made;
    };
    const size = 2 * this.labels_.length;
    this.labels_ = twice(this.labels_, new Uint32Array(size));
    this.xs = twice(this.xs, new Float32Array(size));
    this.ys = twice(this.ys, new Float32Array(size));
  }
}
