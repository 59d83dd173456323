import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  CosmicError,
  createBlock,
  RECEIPT_MAX,
  receiptFields,
  type Accept,
  type Author,
  type BlockStore,
  type Clock,
  type Cursor,
  type Follower,
  type Seen,
} from '@cosmicembeddings/sdk';
import { follow, Waiters, type Trailing } from '../follow/index.js';
import { replaceFile } from '../store/durable.js';

export interface ReceiptsOptions {
  readonly store: BlockStore;
  readonly accept: Accept;
  readonly clock: Clock;
  /** Signs with the node's own key, in the node's own name. */
  readonly author: Author;
  /** Keeps how far it has signed: `receipts.json` of a data folder. */
  readonly folder?: string;
  onError?(error: unknown): void;
}

/** What was seen waits so long for more of it: one receipt for all. */
const WAIT_MS = 1_000;
const LOOK_MS = 250;
const KIND = 'receipt/1';

/**
 * Countersigns what the store takes in: a follower that publishes, through the door, one `receipt/1` for all blocks of
 * about a second, up to 1,024. Receipts get none. After a crash some blocks may be countersigned twice; the earlier counts.
 * It reads at once and signs from `begin()` on: what it publishes meets all the rest of a node, which has to be there.
 */
export async function startReceipts(
  options: ReceiptsOptions,
): Promise<Omit<Trailing, 'answers'> & { begin(): void; close(): Promise<void> }> {
  const { store, accept, clock, author } = options;
  const place = placeFile(options.folder);
  let signed = await place.load();
  let taken: Cursor | undefined;
  let pending: Seen[] = [];
  let sinceMs = 0;
  let hasBegun = false;
  const told = new Waiters();

  const sign = async (): Promise<void> => {
    const seen = pending.slice(0, RECEIPT_MAX);
    // A block taken in this very moment may have a later time of first sight than a clock that was set back.
    const timeMs = Math.max(Math.floor(clock.now()), ...seen.map(({ seenMs }) => seenMs));
    const block = await createBlock({ kind: KIND, fields: receiptFields(seen), timeMs }, author);
    const answer = await accept(block.wire, { type: 'own' });
    if (answer.status === 'rejected') throw new CosmicError(answer.code, answer.detail);
    if (answer.status === 'later') throw new CosmicError('node.busy', 'the receipt lies ahead of the clock');
    pending = pending.slice(seen.length);
    if (pending.length > 0 || taken === undefined) return;
    signed = taken;
    place.save(signed);
    told.reach(signed.seq);
  };

  const follower: Follower = {
    name: 'receipts',
    version: '1',
    wants: { parts: 'entries' },
    durable: () => signed,
    restart: () => {
      pending = [];
      signed = undefined;
    },
    room: () => RECEIPT_MAX - pending.length,
    take: (items, upTo) => {
      if (pending.length === 0) sinceMs = clock.now();
      for (const item of items)
        if (item.type === 'put' && item.replaces === undefined && item.block.entry.kind !== KIND)
          pending.push({ id: item.block.id, seenMs: item.block.firstSeenMs });
      taken = { epoch: upTo.epoch, seq: upTo.seq };
      if (pending.length === 0) signed = taken;
    },
    idle: async () => {
      if (!hasBegun) return false;
      const isDue = pending.length >= RECEIPT_MAX || (pending.length > 0 && clock.now() - sinceMs >= WAIT_MS);
      if (isDue) await sign();
      return isDue;
    },
  };
  const following = await follow(follower, {
    store,
    clock,
    lookEveryMs: LOOK_MS,
    ...(options.onError === undefined ? {} : { onStopped: options.onError }),
  });
  return {
    name: follower.name,
    position: () => following.position(),
    waitFor: async (seq, signal) => {
      await following.waitFor(seq, signal);
      if (pending.length > 0 && (signed?.seq ?? 0) < seq) await told.wait(seq, signal);
    },
    stopped: () => following.progress().stopped,
    begin: () => {
      hasBegun = true;
    },
    notify: (head) => following.notify(head.seq),
    close: async () => {
      await following.close();
      told.fail(new CosmicError('node.stopping', 'receipts'));
    },
  };
}

function placeFile(folder: string | undefined): { load(): Promise<Cursor | undefined>; save(at: Cursor): void } {
  if (folder === undefined) return { load: () => Promise.resolve(undefined), save: () => undefined };
  const path = join(folder, 'receipts.json');
  return {
    load: async () => {
      try {
        const { epoch, seq } = JSON.parse(await readFile(path, 'utf8')) as Partial<Cursor>;
        return typeof epoch === 'string' && Number.isSafeInteger(seq) ? { epoch, seq: seq! } : undefined;
      } catch {
        // Begun anew: blocks are countersigned twice, and the earlier time counts.
        return undefined;
      }
    },
    save: (at) => replaceFile(path, `${JSON.stringify({ version: 1, ...at })}\n`),
  };
}
