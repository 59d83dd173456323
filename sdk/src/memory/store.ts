import { toHex, utf8 } from '../bytes.js';
import type { BlockId, CatalogueEntry } from '../block/types.js';
import { parseCid } from '../codec/cid.js';
import { sha256 } from '../crypto/index.js';
import { CosmicError } from '../errors.js';
import { bodyDigestOf, sameText, textsWithin } from '../formats/index.js';
import type {
  Arrival,
  BlockStore,
  Cursor,
  DecidedItem,
  EraseReason,
  Head,
  PutResult,
  StoredBlock,
  TailItem,
  Wants,
  Withhold,
} from '../ports/index.js';

/** What an erased or header-only block still says: the header's own fields. */
export function bareEntry({ author, kind, timeMs, refs, prev }: CatalogueEntry): CatalogueEntry {
  return { author, kind, timeMs, refs, tags: [], links: [], rows: 0, ...(prev === undefined ? {} : { prev }) };
}

/** (time, digest) as one text whose order is that of sync. */
export function itemKey({ timeMs, digest }: DecidedItem): string {
  return timeMs.toString(16).padStart(14, '0') + toHex(digest);
}

interface Kept {
  readonly digest: Uint8Array;
  readonly headerOnly: boolean;
  readonly block: StoredBlock;
}

type Event =
  | { readonly type: 'put'; readonly id: BlockId }
  | {
      readonly type: 'erase';
      readonly id: BlockId;
      readonly reason: EraseReason;
      readonly firstLabel: number;
      readonly rows: number;
    };

function digestOf(id: BlockId): Uint8Array | undefined {
  try {
    return parseCid(id).digest;
  } catch {
    return undefined;
  }
}

/** Is a block, or its erasure, among what is asked for? `entry` undefined: of an id that was never here. */
export function isWanted(entry: CatalogueEntry | undefined, { kinds, rels }: Wants): boolean {
  if (kinds === undefined) return true;
  if (entry === undefined) return false;
  if (kinds.includes(entry.kind) || rels === undefined) return kinds.includes(entry.kind);
  return entry.refs.some(({ rel }) => rels.includes(rel)) || (entry.prev !== undefined && rels.includes('prev'));
}

function bare(item: Extract<TailItem, { type: 'put' }>): TailItem {
  return { ...item, block: { ...item.block, envelope: new Uint8Array(0), body: null } };
}

export interface MemoryStoreOptions {
  /** Names this store's sequence; must differ between stores whose cursors could meet. Default `memory`. */
  readonly epoch?: string;
  /** Most ids that `decide` keeps. Default 100,000. */
  readonly decidedMax?: number;
}

/** A store that memory holds: for tests, simulations and browsers. */
export interface MemoryStore extends BlockStore {
  /** All blocks, oldest sequence number first; for the catalogue beside it. */
  blocks(): readonly StoredBlock[];
  /** The next label, without waiting. */
  labelCount(): number;
}

export function createMemoryStore({ epoch = 'memory', decidedMax = 100_000 }: MemoryStoreOptions = {}): MemoryStore {
  const events: Event[] = [];
  const kept = new Map<BlockId, Kept>();
  const withheld = new Map<BlockId, { seq: number; reason: EraseReason }>();
  const decided = new Map<string, DecidedItem>();
  /** Erased blocks' ids and the place of their erasure. */
  const eraseSeq = new Map<BlockId, number>();
  const withheldItems = new Map<string, DecidedItem>();
  /** Bodies and texts that do not come back under another id. */
  const marks = new Map<string, EraseReason>();
  let labels = 0;
  let closed = false;

  const open = (): void => {
    if (closed) throw new Error('store is closed');
  };
  const textMark = (text: string): string => `text ${toHex(sha256(utf8(text)))}`;
  const bodyMark = (block: Pick<StoredBlock, 'format' | 'envelope'>): string => {
    const digest = bodyDigestOf(block);
    return digest === undefined ? '' : `body ${toHex(digest)}`;
  };
  const reasonOf = (block: Pick<StoredBlock, 'format' | 'envelope' | 'body'>): EraseReason | undefined =>
    marks.size === 0
      ? undefined
      : [bodyMark(block), ...textsWithin(block).map(textMark)].map((mark) => marks.get(mark)).find((r) => r);
  const withholdAs = (ids: readonly BlockId[], reason: EraseReason, { body, texts = [] }: Withhold): void => {
    for (const id of body === true ? ids : []) {
      const found = kept.get(id);
      const mark = found === undefined ? '' : bodyMark(found.block);
      if (mark !== '') marks.set(mark, reason);
    }
    for (const text of texts) marks.set(textMark(sameText(text)), reason);
  };
  const put = ({ block, firstSeenMs }: Arrival): PutResult => {
    const { id } = block;
    const refused = withheld.get(id);
    const item = { timeMs: block.timeMs, digest: block.digest };
    if (refused !== undefined) {
      withheldItems.set(itemKey(item), item);
      return { id, seq: refused.seq, fresh: false, erased: refused.reason };
    }
    const before = kept.get(id);
    const comesBack = reasonOf(block);
    if (comesBack !== undefined && before === undefined) {
      decided.set(itemKey(item), item);
      return { id, seq: events.length, fresh: false, erased: comesBack };
    }
    if (comesBack !== undefined && before?.block.erased === undefined) erase(id, comesBack);
    if (comesBack !== undefined) return { id, seq: eraseSeq.get(id)!, fresh: false, erased: comesBack };
    if (before !== undefined && (before.block.erased !== undefined || block.headerOnly || !before.headerOnly))
      return {
        id,
        seq: before.block.seq,
        fresh: false,
        ...(before.block.erased === undefined ? {} : { erased: before.block.erased }),
      };
    const seq = events.push({ type: 'put', id });
    const { format, timeMs, body, entry, headerOnly, digest } = block;
    kept.set(id, {
      digest,
      headerOnly,
      block: {
        id,
        seq,
        format,
        timeMs,
        firstSeenMs: before?.block.firstSeenMs ?? firstSeenMs,
        envelope: before?.block.envelope ?? block.envelope.slice(),
        body: body?.slice() ?? null,
        entry,
        firstLabel: labels,
      },
    });
    labels += entry.rows;
    decided.delete(itemKey(item));
    return { id, seq, fresh: true };
  };
  const erase = (id: BlockId, reason: EraseReason): number => {
    const done = withheld.get(id)?.seq ?? eraseSeq.get(id);
    if (done !== undefined) return done;
    const found = kept.get(id);
    if (found === undefined) {
      if (digestOf(id) === undefined) throw new CosmicError('request.malformed', `not a block id: ${id.slice(0, 100)}`);
      const seq = events.push({ type: 'erase', id, reason, firstLabel: 0, rows: 0 });
      withheld.set(id, { seq, reason });
      return seq;
    }
    const { block } = found;
    const seq = events.push({ type: 'erase', id, reason, firstLabel: block.firstLabel, rows: block.entry.rows });
    const envelope = block.format === 'python/1' ? new Uint8Array(0) : block.envelope;
    kept.set(id, {
      ...found,
      block: { ...block, envelope, body: null, erased: reason, entry: bareEntry(block.entry) },
    });
    eraseSeq.set(id, seq);
    return seq;
  };
  const tailItem = (event: Event, seq: number): TailItem => {
    if (event.type === 'erase') return { seq, ...event };
    const { block } = kept.get(event.id)!;
    return {
      seq,
      type: 'put',
      block: block.seq === seq ? block : { ...block, seq, body: null, entry: bareEntry(block.entry) },
    };
  };

  return {
    put: async (arrivals) => {
      open();
      return arrivals.map(put);
    },
    get: async (ids) => {
      open();
      return ids.map((id) => kept.get(id)?.block);
    },
    erase: async (ids, reason, withhold = {}) => {
      open();
      withholdAs(ids, reason, withhold);
      return ids.map((id) => erase(id, reason));
    },
    decide: async (items) => {
      open();
      for (const item of items) {
        decided.set(itemKey(item), { timeMs: item.timeMs, digest: item.digest.slice() });
        if (decided.size > decidedMax) decided.delete(decided.keys().next().value!);
      }
    },
    tail: async (cursor: Cursor, max, wants = {}) => {
      open();
      const items: TailItem[] = [];
      let seq = cursor.epoch === epoch ? cursor.seq : 0;
      for (; seq < events.length && items.length < max; seq++) {
        const event = events[seq]!;
        if (!isWanted(kept.get(event.id)?.block.entry, wants)) continue;
        const item = tailItem(event, seq + 1);
        items.push(item.type === 'put' && wants.parts === 'entries' ? bare(item) : item);
      }
      return { items, upTo: { epoch, seq } };
    },
    items: async (from, to, max, which = 'all') => {
      open();
      const all = new Map<string, DecidedItem>([...decided, ...withheldItems]);
      for (const { digest, block } of which === 'all' ? kept.values() : [])
        all.set(itemKey({ timeMs: block.timeMs, digest }), { timeMs: block.timeMs, digest });
      const [low, high] = [itemKey(from), itemKey(to)];
      const keys = [...all.keys()].filter((key) => key >= low && key < high).sort();
      return keys.slice(0, max).map((key) => all.get(key)!);
    },
    head: async (): Promise<Head> => {
      open();
      return { epoch, seq: events.length, count: kept.size, labels };
    },
    close: async () => {
      closed = true;
    },
    blocks: () => [...kept.values()].map(({ block }) => block).sort((a, b) => a.seq - b.seq),
    labelCount: () => labels,
  };
}
