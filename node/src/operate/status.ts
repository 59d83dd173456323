import type { CatalogueCounts } from '@cosmicembeddings/sdk';

/** Kinds and spaces in a status; anybody can make more of both. */
const COUNTED_MAX = 1000;

/** Counts with the largest kinds and spaces alone. */
export function largest({ kinds, spaces, ...counts }: CatalogueCounts): CatalogueCounts {
  const byNumber = Object.entries(kinds).sort((a, b) => b[1] - a[1]);
  return {
    ...counts,
    kinds: Object.fromEntries(byNumber.slice(0, COUNTED_MAX)),
    spaces: [...spaces].sort((a, b) => b.rows - a.rows).slice(0, COUNTED_MAX),
  };
}

/** Notes on blocks that followers could not take. */
export function passedOver(counts: Readonly<Record<string, number>>): string[] {
  return Object.entries(counts).map(
    ([name, n]) => `${name} passed over ${n} blocks that it could not take (faults.json)`,
  );
}
