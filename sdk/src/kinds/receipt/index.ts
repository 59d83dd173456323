import type { BlockId } from '../../block/types.js';
import { parseCid, type Cid } from '../../codec/cid.js';
import type { ValueMap } from '../../codec/value.js';
import { blockCid, integer, list, struct } from '../../schema/index.js';
import { ownFields } from '../embedding.js';
import type { Kind } from '../kind.js';

/** Blocks in one receipt. */
export const RECEIPT_MAX = 1024;

/** One block, and when the node that signs first saw it. */
export interface Seen {
  readonly id: BlockId;
  /** ms since 1970, by that node's own clock. */
  readonly seenMs: number;
}

/** Body of `receipt/1` (specs/kinds/receipt.md): a node says, in its own name, which blocks it saw when. */
export interface ReceiptBody {
  readonly seen: readonly Seen[];
}

const schema = struct({
  seen: list(struct({ block: blockCid, at: integer(0, Number.MAX_SAFE_INTEGER) }), RECEIPT_MAX, 1),
});

export const receiptKind: Kind<ReceiptBody> = {
  name: 'receipt/1',
  describe: 'A node countersigns which blocks it first saw when.',
  maxBytes: 128 * 1024,
  schema: schema.json,
  parse({ timeMs }, body: ValueMap) {
    const own = ownFields(body);
    const fault = schema(own, 'body');
    if (fault !== undefined) return { ok: false, code: 'kind.malformed', detail: fault };
    const seen = (own['seen'] as unknown as readonly { readonly block: Cid; readonly at: number }[]).map(
      ({ block, at }) => ({ id: block.text, seenMs: at }),
    );
    // Nobody has seen what is yet to come, and a block that stands there twice would have two first times.
    if (seen.some(({ seenMs }) => seenMs > timeMs))
      return { ok: false, code: 'kind.malformed', detail: 'body.seen: later than the receipt itself' };
    if (new Set(seen.map(({ id }) => id)).size < seen.length)
      return { ok: false, code: 'kind.malformed', detail: 'body.seen: a block twice' };
    return { ok: true, body: { seen } };
  },
};

/** The kind's own fields of a receipt for these blocks. */
export function receiptFields(seen: readonly Seen[]): ValueMap {
  return { seen: seen.map(({ id, seenMs }) => ({ block: parseCid(id), at: seenMs })) };
}
