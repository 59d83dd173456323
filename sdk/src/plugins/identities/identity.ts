import type { Ask, Db, Row } from '../../views/view.js';

/** One key handed over to another, with the consent of both. */
export interface Handover {
  readonly from: string;
  readonly to: string;
  /** Names of both keys: where their halves are found. */
  readonly names: readonly [string, string];
}

/** Keys of one identity that are looked at, at most: each needs a block of its own key's holder. */
const KEYS_MAX = 256;

/** Handovers that a key is part of. */
export function* handoversOf(db: Db, key: string): Ask<readonly Handover[]> {
  return (yield* db.rows('identities.handovers', [key])).map(handoverOf);
}

export function handoverOf(row: Row): Handover {
  return {
    from: row['from'] as string,
    to: row['to'] as string,
    names: [row['fromName'] as string, row['toName'] as string],
  };
}

/** A key with two successors is joined to neither. */
function* successorOf(db: Db, key: string): Ask<string | undefined> {
  const away = (yield* handoversOf(db, key)).filter(({ from }) => from === key);
  return away.length === 1 ? away[0]!.to : undefined;
}

/** All keys that are joined with this one by handovers without conflict; `frozen`: across those too that contradict each other. */
export function* keysOf(db: Db, key: string, across: 'joined' | 'frozen' = 'joined'): Ask<readonly string[]> {
  const keys = new Set([key]);
  for (const one of keys) {
    for (const { from, to } of yield* handoversOf(db, one)) {
      const other = from === one ? to : from;
      if (keys.has(other) || keys.size >= KEYS_MAX) continue;
      if (across === 'joined' && (yield* successorOf(db, from)) === undefined) continue;
      keys.add(other);
    }
  }
  return [...keys].sort();
}

/** Are two keys one identity: equal, or joined by handovers without conflict? */
export function* isSameIdentity(db: Db, a: string, b: string): Ask<boolean> {
  if (a === b) return true;
  if ((yield* db.row('identities.handovers', [b])) === undefined) return false;
  return (yield* keysOf(db, a)).includes(b);
}

/** When both halves of a handover had been seen here: the earlier ones where a half was said twice. */
export function* seenMsOf(db: Db, { names }: Handover): Ask<number> {
  const first = { to: Infinity, from: Infinity };
  for (const row of yield* db.rows('identities.halves', names)) {
    const side = row['side'] as 'to' | 'from';
    first[side] = Math.min(first[side], (yield* db.seen(row['block'] as string)) ?? Infinity);
  }
  return Math.max(first.to, first.from);
}

/** When the first handover of a key was seen: its blocks seen later do not count. Infinity for a key in use. */
export function* rotatedAwayMs(db: Db, key: string): Ask<number> {
  let first = Infinity;
  for (const handover of yield* handoversOf(db, key))
    if (handover.from === key) first = Math.min(first, yield* seenMsOf(db, handover));
  return first;
}
