import { receiptKind, RECEIPT_MAX, type Kind, type Plugin, type ReceiptBody } from '../../kinds/index.js';
import { integer, list, struct, text } from '../../schema/index.js';
import type { View } from '../../views/view.js';
import { example } from '../example.js';

const NODES_MAX = 1000;
const receipt = struct({ node: text(128), seenMs: integer(0, Number.MAX_SAFE_INTEGER), receipt: text(64) });

/** Which nodes signed that they had seen a block, and when (specs/kinds/receipt.md). */
export const receiptsView: View<ReceiptBody> = {
  name: 'receipts',
  version: 1,
  describe: 'Which nodes signed that they had seen a block, and when they first saw it.',
  kinds: ['receipt/1'],
  maxRows: RECEIPT_MAX,
  tables: { seen: { key: ['of', 'node'] } },
  body: ({ author }, { seen }) => ({ seen: seen.map(({ id, seenMs }) => ({ of: id, node: author, seenMs })) }),
  questions: {
    of: {
      describe: 'Receipts for a block: of each node the one that says the earliest.',
      params: struct({ id: text(64) }),
      answer: struct({ receipts: list(receipt, NODES_MAX) }),
      example: { receipts: [{ node: example.bob, seenMs: example.timeMs, receipt: example.other }] },
      *run(db, { id }) {
        const first = new Map<string, { node: string; seenMs: number; receipt: string }>();
        for (const row of yield* db.rows('seen', [id as string], { limit: NODES_MAX })) {
          const one = {
            node: row['node'] as string,
            seenMs: row['seenMs'] as number,
            receipt: row['block'] as string,
          };
          const known = first.get(one.node);
          if (known === undefined || isBefore(one, known)) first.set(one.node, one);
        }
        return { receipts: [...first.values()].sort((a, b) => (isBefore(a, b) ? -1 : 1)) };
      },
    },
  },
};

function isBefore(a: { seenMs: number; receipt: string }, b: { seenMs: number; receipt: string }): boolean {
  return a.seenMs < b.seenMs || (a.seenMs === b.seenMs && a.receipt < b.receipt);
}

export const receiptsPlugin: Plugin = {
  name: 'receipts',
  kinds: [receiptKind as Kind],
  views: [receiptsView],
  panels: [
    {
      name: 'of',
      title: 'Nodes that saw a block',
      shows: { view: 'receipts', question: 'of', as: 'table', rows: 'receipts' },
    },
  ],
};
