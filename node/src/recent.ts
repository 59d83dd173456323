/** A map of the entries that were set last, `max` at most: what strangers can name without end is not remembered without end. */
export class Recent<K, V> {
  private readonly kept = new Map<K, V>();

  constructor(private readonly max: number) {}

  get size(): number {
    return this.kept.size;
  }

  get(key: K): V | undefined {
    return this.kept.get(key);
  }

  /** It is the latest from now on; the oldest makes room. */
  set(key: K, value: V): void {
    this.kept.delete(key);
    this.kept.set(key, value);
    if (this.kept.size > this.max) this.kept.delete(this.kept.keys().next().value!);
  }

  clear(): void {
    this.kept.clear();
  }
}
