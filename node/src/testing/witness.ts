import { decodeBody, type StoredBlock } from '@cosmicembeddings/sdk';
import { witnessedMs, type Receipt } from '@cosmicembeddings/sdk/api';
import { readBody, receiptKind, type ReceiptBody } from '@cosmicembeddings/sdk/kinds';
import type { TestNode } from './world.js';

/** So many receipts of one stranger may be kept. */
const RECEIPTS_MAX = 128;

/**
 * What is wrong with the receipts that a world's nodes keep. These nodes countersign nothing: whatever is `published` apart, all receipts
 * are strangers'. A reader trusts the honest nodes; with `trusting` everybody.
 */
export function receiptFaults(
  nodes: readonly TestNode[],
  published: ReadonlySet<string>,
  trusting: boolean,
): readonly string[] {
  const faults: string[] = [];
  const honest = nodes.map(({ did }) => did);
  for (const [n, { store }] of nodes.entries()) {
    const counts = new Map<string, number>();
    const words = new Map<string, Receipt[]>();
    for (const block of store.blocks()) {
      if (block.entry.kind !== receiptKind.name || published.has(block.id)) continue;
      const node = block.entry.author;
      counts.set(node, (counts.get(node) ?? 0) + 1);
      for (const { id, seenMs } of seenIn(block))
        words.set(id, [...(words.get(id) ?? []), { node, seenMs, receipt: block.id }]);
    }
    const stolen = honest.reduce((sum, did) => sum + (counts.get(did) ?? 0), 0);
    if (stolen > 0) faults.push(`node ${n} keeps ${stolen} receipts in the name of nodes that signed none`);
    const most = Math.max(0, ...counts.values());
    if (most > RECEIPTS_MAX) faults.push(`node ${n} keeps ${most} receipts of one stranger`);
    const trusted = trusting ? [...counts.keys()] : honest;
    const witnessed = [...words.values()].filter((receipts) => witnessedMs(receipts, trusted) !== undefined).length;
    if (witnessed > 0) faults.push(`${witnessed} blocks count as witnessed at node ${n}, which nobody saw`);
  }
  return faults;
}

function seenIn({ body, entry }: StoredBlock): ReceiptBody['seen'] {
  const decoded = body === null ? undefined : decodeBody(body);
  if (decoded?.status !== 'ok') return [];
  const parsed = readBody(receiptKind, entry, decoded.body, body!.length);
  return parsed.ok ? (parsed.body as ReceiptBody).seen : [];
}
