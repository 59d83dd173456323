/**
 * What one page of hits may cost (specs/budgets.md). Blocks can be thousands of times as large as what an answer shows of
 * them, so what is counted is what was read; a page whose budget is spent ends there and says so, and the next one goes on.
 */
export interface PageBudget {
  /** Bytes of blocks that may still be read. */
  blockBytes: number;
  /** Characters of texts, origins and tags that may still be kept for the answer. */
  textChars: number;
  /** Numbers that may still be multiplied to find near-duplicates. */
  products: number;
}

export function pageBudget(): PageBudget {
  return { blockBytes: 160 * 1024 * 1024, textChars: 4 * 1024 * 1024, products: 200_000_000 };
}

export function isSpent({ blockBytes, textChars, products }: PageBudget): boolean {
  return blockBytes <= 0 || textChars <= 0 || products <= 0;
}
