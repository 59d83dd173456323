import { parseCid, type BlockStore, type Cursor, type StoredBlock } from '@cosmicembeddings/sdk';
import { frameLimits, type Gap } from '@cosmicembeddings/sdk/sync';
import { givenOf } from './wire.js';

/** Blocks read at one time: 64 MiB where all are as large as can be, and then the next is read alone. */
const READ_MAX = 16;
const READ_BYTES = 1024 * 1024;

/** What one frame of a feed holds. */
export interface Portion {
  readonly blocks: readonly { readonly digest: Uint8Array; readonly wire: Uint8Array }[];
  readonly upTo: Cursor;
  readonly head: number;
}

type Readable = Pick<BlockStore, 'tail' | 'head'>;

/** The store's blocks in its own order, from a cursor that a peer gave, a frame's worth at a time. */
export class Feeding {
  private readonly read: StoredBlock[] = [];
  private readUpTo: Cursor;
  private room = READ_MAX;

  private constructor(
    private readonly store: Readable,
    after: Cursor,
    /** Largest frame that the asker reads. */
    private readonly frameBytes: number,
  ) {
    this.readUpTo = after;
  }

  /** A cursor of another life, or beyond the head, is answered with the gap: nothing is given from elsewhere instead. */
  static async open(store: Readable, after: Cursor | undefined, frameBytes: number): Promise<Feeding | Gap> {
    const { epoch, seq } = await store.head();
    const gap = (why: Gap['why']): Gap => ({ why, advice: 'reconcile', head: { epoch, seq } });
    if (after !== undefined && after.epoch !== epoch) return gap('epoch');
    if (after !== undefined && after.seq > seq) return gap('ahead');
    return new Feeding(store, after ?? { epoch, seq: 0 }, frameBytes);
  }

  /** What was erased, or does not fit into a frame of the asker's, is passed over. */
  async next(): Promise<Portion> {
    const blocks: { digest: Uint8Array; wire: Uint8Array }[] = [];
    let bytes = 0;
    let upTo = this.readUpTo;
    for (;;) {
      if (this.read.length === 0 && !(await this.readMore())) {
        upTo = this.readUpTo;
        break;
      }
      const block = this.read[0]!;
      const wire = givenOf(block);
      if (wire !== undefined && wire.length + 64 <= this.frameBytes) {
        if (bytes > 0 && bytes + wire.length > frameLimits.giveBytes - 1024) break;
        blocks.push({ digest: parseCid(block.id).digest!, wire });
        bytes += wire.length + 8;
      }
      this.read.shift();
      upTo = { epoch: this.readUpTo.epoch, seq: block.seq };
      if (blocks.length >= frameLimits.blocksMax || bytes > frameLimits.giveBytes - 1024) break;
    }
    const head = await this.store.head();
    return { blocks, upTo, head: head.seq };
  }

  /** False where there is nothing more. */
  private async readMore(): Promise<boolean> {
    for (;;) {
      const { items, upTo } = await this.store.tail(this.readUpTo, this.room);
      this.readUpTo = upTo;
      if (items.length === 0) return false;
      for (const item of items) if (item.type === 'put' && item.replaces === undefined) this.read.push(item.block);
      const bytes = this.read.reduce((sum, { envelope, body }) => sum + envelope.length + (body?.length ?? 1), 0);
      this.room = bytes > READ_BYTES ? 1 : READ_MAX;
      if (this.read.length > 0) return true;
    }
  }
}
