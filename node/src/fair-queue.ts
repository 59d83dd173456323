/**
 * What waits for one who does it: first come first served of one address or key, which have their turns one after the other. So
 * nobody's thousand hold up anybody's one.
 */
export class FairQueue<T> {
  /** By whose they are; the one whose turn is next stands first. */
  private readonly queues = new Map<string, T[]>();
  private size_ = 0;

  /** `maxEach`: of one; the node's own and the operator's (an empty name) have no bound but `max`. */
  constructor(
    private readonly max: number,
    private readonly maxEach: number,
  ) {}

  get size(): number {
    return this.size_;
  }

  /** False where there is no room for it. */
  push(item: T, who: string): boolean {
    const queue = this.queues.get(who) ?? [];
    if (this.size_ >= this.max || (who !== '' && queue.length >= this.maxEach)) return false;
    queue.push(item);
    this.queues.set(who, queue);
    this.size_ += 1;
    return true;
  }

  shift(): T | undefined {
    const first = this.queues.entries().next().value;
    if (first === undefined) return undefined;
    const [who, queue] = first;
    this.queues.delete(who);
    const item = queue.shift()!;
    if (queue.length > 0) this.queues.set(who, queue);
    this.size_ -= 1;
    return item;
  }
}
