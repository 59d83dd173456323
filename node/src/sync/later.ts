/** Blocks that are too far ahead of the clock: only when to ask again is kept, never the block. */
export class Later {
  private readonly retryAtMs = new Map<string, number>();

  constructor(private readonly max: number) {}

  add(key: string, atMs: number): void {
    this.retryAtMs.delete(key);
    this.retryAtMs.set(key, atMs);
    if (this.retryAtMs.size > this.max) this.retryAtMs.delete(this.retryAtMs.keys().next().value!);
  }

  retryAt(key: string): number | undefined {
    return this.retryAtMs.get(key);
  }
}
