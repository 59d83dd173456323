/**
 * What one page of hits may cost (specs/budgets.md). Blocks can be thousands of times as large as what an answer shows of
 * them, so what is counted is what was read; a page whose budget is spent ends there and says so, and the next one goes on.
 */
export interface PageBudget {
  /** Bytes of blocks that may still be read. */
  blockBytes: number;
  /** Characters of texts, origins and tags that may still be kept for the answer. */
  textChars: number;
  /** Numbers that may still be multiplied, and words compared, to find near-duplicates. */
  products: number;
  /** About how long the event loop was held since others were last let by. */
  heldMs: number;
}

const BLOCK_BYTES = 160 * 1024 * 1024;
/** About what a block costs that is read and decoded, and each of its bytes. */
const PER_BLOCK_MS = 0.05;
const PER_BYTE_MS = 0.000_003;
const PER_PRODUCT_MS = 0.000_001;
const HELD_MAX_MS = 5;

export function pageBudget(): PageBudget {
  return { blockBytes: BLOCK_BYTES, textChars: 4 * 1024 * 1024, products: 200_000_000, heldMs: 0 };
}

export function isSpent({ blockBytes, textChars, products }: PageBudget): boolean {
  return blockBytes <= 0 || textChars <= 0 || products <= 0;
}

export function readBytesOf({ blockBytes }: PageBudget): number {
  return BLOCK_BYTES - blockBytes;
}

export function spendBlock(budget: PageBudget, bytes: number): void {
  budget.blockBytes -= bytes;
  budget.heldMs += PER_BLOCK_MS + bytes * PER_BYTE_MS;
}

export function spendProducts(budget: PageBudget, products: number): void {
  budget.products -= products;
  budget.heldMs += products * PER_PRODUCT_MS;
}

/** Resolves in a later turn of the event loop; undefined where it was not held for long. */
export function letBy(budget: PageBudget, inTurn: () => Promise<void>): Promise<void> | undefined {
  if (budget.heldMs < HELD_MAX_MS) return undefined;
  budget.heldMs = 0;
  return inTurn();
}
