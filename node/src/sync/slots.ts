/** One connection that came in, as far as its slot is concerned. */
export interface Slot {
  readonly prefix: string;
  /** Of a proven identity that has been useful before: its slot is reserved. */
  readonly isKnown: boolean;
  /** When it last brought or took a block, else when it came. */
  readonly usefulMs: number;
}

export interface SlotLimits {
  readonly inboundMax: number;
  /** Of one address prefix. */
  readonly prefixMax: number;
  /** Of `inboundMax`, for those who are known. */
  readonly reservedMax: number;
}

/**
 * Who makes room for one more connection from `prefix`: the one that was least lately useful, of the same prefix where
 * that has its share, never one that is known while others are there. `free` when nobody has to.
 */
export function whoMakesRoom<T extends Slot>(slots: readonly T[], prefix: string, limits: SlotLimits): T | 'free' {
  const same = slots.filter((slot) => slot.prefix === prefix);
  const unknown = slots.filter((slot) => !slot.isKnown);
  const crowd =
    same.length >= limits.prefixMax
      ? same
      : slots.length >= limits.inboundMax || unknown.length >= limits.inboundMax - limits.reservedMax
        ? slots
        : undefined;
  if (crowd === undefined) return 'free';
  const candidates = crowd.some((slot) => !slot.isKnown) ? crowd.filter((slot) => !slot.isKnown) : crowd;
  return candidates.reduce((least, slot) => (slot.usefulMs < least.usefulMs ? slot : least));
}
