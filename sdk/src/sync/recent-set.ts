/** Text key of a digest: one character a byte. */
export function digestKey(digest: Uint8Array): string {
  return String.fromCharCode.apply(null, digest as unknown as number[]);
}

/** The last `max` keys that were added; older ones are forgotten. */
export class RecentSet {
  private readonly keys = new Set<string>();

  constructor(private readonly max: number) {}

  add(key: string): void {
    this.keys.delete(key);
    this.keys.add(key);
    if (this.keys.size > this.max) this.keys.delete(this.keys.values().next().value!);
  }

  has(key: string): boolean {
    return this.keys.has(key);
  }
}
