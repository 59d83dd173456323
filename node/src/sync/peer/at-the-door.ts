/**
 * Blocks that are judged now, by the identity that brought them: its connections are judged as one, so that whoever comes
 * twice has no more judged before a ban.
 */
export class AtTheDoor {
  private readonly entries = new Map<string, { judged: number; readonly waiting: Set<() => void> }>();

  /** Blocks of `name` that are being judged. */
  judged(name: string): number {
    return this.entries.get(name)?.judged ?? 0;
  }

  /** One more of `name` is being judged. The answer is called when that is over, and lets go on whoever waits for it. */
  enter(name: string): () => void {
    const entry = this.entries.get(name) ?? { judged: 0, waiting: new Set<() => void>() };
    this.entries.set(name, entry);
    entry.judged += 1;
    return () => {
      entry.judged -= 1;
      if (entry.judged === 0) this.entries.delete(name);
      const waiting = [...entry.waiting];
      entry.waiting.clear();
      for (const goOn of waiting) goOn();
    };
  }

  /** Calls `goOn` when a judgement of `name` is over; never where none is under way. */
  wait(name: string, goOn: () => void): void {
    this.entries.get(name)?.waiting.add(goOn);
  }
}
