import type { FollowerState } from '../follow/together.js';

/** Blocks that a follower may be behind while the node still counts as ready. */
const LAG_MAX = 100_000;

/** Takes its time behind all others: the node answers without it. Standing still is a fault all the same. */
const LEISURELY = new Set(['home', 'background', 'map']);

export interface Readiness {
  readonly ready: boolean;
  readonly reasons: readonly string[];
}

/** May this node be asked? `stopped`: why each follower that stands still does; `faults`: of other parts, in words. */
export function readinessOf(
  followers: readonly FollowerState[],
  stopped: ReadonlyMap<string, string>,
  faults: readonly string[],
): Readiness {
  const reasons = followers.flatMap(({ name, lag }) => {
    const why = stopped.get(name);
    if (lag > 0 && why !== undefined) return [`${name} stands still, ${lag} blocks behind: ${why}`];
    return lag > LAG_MAX && !LEISURELY.has(name) ? [`${name} is ${lag} blocks behind`] : [];
  });
  return { ready: reasons.length + faults.length === 0, reasons: [...reasons, ...faults] };
}
