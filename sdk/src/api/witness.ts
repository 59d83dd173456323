import type { Checks } from '../block/index.js';
import type { BlockId } from '../block/types.js';
import { checkAny } from '../formats/index.js';
import { decodeBody } from '../block/index.js';
import { readBody, receiptKind, type ReceiptBody } from '../kinds/index.js';
import type { NodeApi } from '../ports/index.js';

/** A node's signed word for when it first saw a block. */
export interface Receipt {
  readonly node: string;
  readonly seenMs: number;
  /** The block that says so. */
  readonly receipt: BlockId;
}

/** Operators whose word makes a block witnessed. */
export const WITNESSES_MIN = 2;

/**
 * Receipts for a block, each fetched and checked here: signed by the node that it names, and of this block. What the asked
 * node says of them counts for nothing, but it may leave some out. @throws CosmicError as `view`
 */
export async function receiptsOf(
  api: Pick<NodeApi, 'view' | 'get'>,
  id: BlockId,
  checks: Checks,
): Promise<readonly Receipt[]> {
  const { result } = await api.view('receipts', 'of', { id });
  const told = (result as { readonly receipts: readonly Receipt[] }).receipts;
  const sound: Receipt[] = [];
  for (const { receipt } of told) {
    const signed = await api.get(receipt);
    if (signed === undefined) continue;
    const found = receiptIn(signed.wire, receipt, id, checks);
    if (found !== undefined && !sound.some(({ node }) => node === found.node)) sound.push(found);
  }
  return sound.sort((a, b) => a.seenMs - b.seenMs);
}

function receiptIn(wire: Uint8Array, receipt: BlockId, id: BlockId, checks: Checks): Receipt | undefined {
  const checked = checkAny(wire, checks);
  if (checked.status === 'rejected' || checked.id !== receipt || checked.body === null) return undefined;
  const { entry } = checked;
  if (entry.kind !== receiptKind.name) return undefined;
  const decoded = decodeBody(checked.body);
  const parsed =
    decoded.status === 'ok' ? readBody(receiptKind, entry, decoded.body, checked.body.length) : { ok: false as const };
  if (!parsed.ok) return undefined;
  const seen = (parsed.body as ReceiptBody).seen.find((one) => one.id === id);
  return seen === undefined ? undefined : { node: entry.author, seenMs: seen.seenMs, receipt };
}

/**
 * By when a block had been seen by two of the operators that the reader trusts: the later of the two earliest times. The
 * author's own word does not count. undefined: it is not witnessed.
 */
export function witnessedMs(
  receipts: readonly Receipt[],
  operators: readonly string[],
  author?: string,
): number | undefined {
  const first = new Map<string, number>();
  for (const { node, seenMs } of receipts)
    if (operators.includes(node) && node !== author) first.set(node, Math.min(seenMs, first.get(node) ?? Infinity));
  return [...first.values()].sort((a, b) => a - b)[WITNESSES_MIN - 1];
}
