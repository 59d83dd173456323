/** What may be taken within a time, by number and by size; left out: as much as there is. */
export interface Allowance {
  readonly blocks?: number;
  readonly bytes?: number;
  readonly perMs: number;
}

export interface Cost {
  readonly blocks: number;
  readonly bytes: number;
}

/** Which half of an allowance does not suffice, and when it will; without that time it never will. */
export interface Overdrawn {
  readonly of: 'blocks' | 'bytes';
  readonly limit: number;
  readonly perMs: number;
  readonly retryAtMs?: number;
}

/** Token buckets by whatever key: an author, a source, an API key. Time is handed in; nothing is remembered for ever. */
export interface Buckets {
  /** Would the cost overdraw this key's allowance? Takes nothing. */
  lacks(key: string, allowance: Allowance, cost: Cost, nowMs: number): Overdrawn | undefined;
  take(key: string, allowance: Allowance, cost: Cost, nowMs: number): void;
}

interface Account {
  blocks: number;
  bytes: number;
  atMs: number;
}

const PARTS = ['blocks', 'bytes'] as const;

/** `keysMax`: accounts that are kept; the one that was longest left alone is forgotten first. */
export function createBuckets(keysMax = 100_000): Buckets {
  const accounts = new Map<string, Account>();

  /** What is still spent by now: it comes back evenly over the allowance's time. */
  const spentOf = (key: string, allowance: Allowance, nowMs: number): Account => {
    const account = accounts.get(key);
    if (account === undefined) return { blocks: 0, bytes: 0, atMs: nowMs };
    // A clock that was set back gives nothing and takes nothing.
    const part = Math.max(0, nowMs - account.atMs) / allowance.perMs;
    const left = (of: (typeof PARTS)[number]): number => Math.max(0, account[of] - part * (allowance[of] ?? 0));
    return { blocks: left('blocks'), bytes: left('bytes'), atMs: Math.max(nowMs, account.atMs) };
  };

  return {
    lacks: (key, allowance, cost, nowMs) => {
      const spent = spentOf(key, allowance, nowMs);
      for (const of of PARTS) {
        const limit = allowance[of];
        const over = limit === undefined ? 0 : spent[of] + cost[of] - limit;
        // A rounding of what came back is no lack.
        if (limit === undefined || over <= 1e-9 * limit) continue;
        const retry = cost[of] > limit ? {} : { retryAtMs: nowMs + Math.ceil((over / limit) * allowance.perMs) };
        return { of, limit, perMs: allowance.perMs, ...retry };
      }
      return undefined;
    },
    take: (key, allowance, cost, nowMs) => {
      const spent = spentOf(key, allowance, nowMs);
      accounts.delete(key);
      accounts.set(key, { ...spent, blocks: spent.blocks + cost.blocks, bytes: spent.bytes + cost.bytes });
      if (accounts.size > keysMax) accounts.delete(accounts.keys().next().value!);
    },
  };
}
