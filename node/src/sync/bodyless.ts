import { digestKey } from '@cosmicembeddings/sdk/sync';

/** Blocks that came without their body: it is asked of every other peer, once each. Bounded, the oldest are given up. */
export class Bodyless {
  private readonly sought = new Map<string, Uint8Array>();

  constructor(
    private readonly max: number,
    private readonly seek: (digest: Uint8Array) => void,
  ) {}

  add(digest: Uint8Array): void {
    this.sought.set(digestKey(digest), digest.slice());
    if (this.sought.size > this.max) this.sought.delete(this.sought.keys().next().value!);
    this.seek(digest);
  }

  has(digest: Uint8Array): boolean {
    return this.sought.has(digestKey(digest));
  }

  delete(digest: Uint8Array): void {
    this.sought.delete(digestKey(digest));
  }

  digests(): Uint8Array[] {
    return [...this.sought.values()];
  }
}
