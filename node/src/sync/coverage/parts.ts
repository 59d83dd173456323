import { setImmediate as immediate } from 'node:timers/promises';
import {
  decodeHeader,
  parseCid,
  readEnvelope,
  type BlockStore,
  type CatalogueEntry,
  type Cursor,
  type DecidedItem,
  type StoredBlock,
} from '@cosmicembeddings/sdk';
import {
  asksPlaces,
  coverageKey,
  coverageTest,
  type Coverage,
  type Covered,
} from '@cosmicembeddings/sdk/filter';
import { createItemSet, digestKey, type ItemSet } from '@cosmicembeddings/sdk/sync';
import { sha256 } from '../../door/crypto/index.js';
import { after, HIGHEST, LOWEST, PENDING_MAX } from '../decided.js';

/** Entries read at a time: some milliseconds of the event loop. */
const PAGE = 512;
/** The same with all their bytes, where coverages ask for places. */
const WHOLE_PAGE = 16;
/** Parts that nobody needs now and that are kept for who comes back. */
const IDLE_MAX = 8;

/** A set that grows. */
class Growing {
  private set: ItemSet = createItemSet([], sha256);
  private pending: DecidedItem[] = [];

  add({ timeMs, digest }: DecidedItem): void {
    this.pending.push({ timeMs, digest });
    if (this.pending.length >= PENDING_MAX) this.snapshot();
  }

  snapshot(): ItemSet {
    this.set = this.set.with(this.pending);
    this.pending = [];
    return this.set;
  }
}

/** What is kept here and concerns a peer of one coverage. */
export interface Part {
  /** What both keep: this is compared. */
  both(): ItemSet;
  /** What this node keeps besides its own coverage, and the peer's covers: that is told. */
  beyond(): ItemSet;
}

interface Kept {
  readonly covers: (block: Covered) => boolean;
  readonly both: Growing;
  readonly beyond: Growing;
  built: Promise<void>;
  users: number;
}

/**
 * The parts of what is kept that are compared with peers of limited coverage, one for each coverage: read from the store when one
 * is first needed, kept up as blocks arrive, dropped soon after the last peer that needs it has left. 48 bytes an item.
 */
export class Parts {
  private readonly parts = new Map<string, Kept>();
  private readonly covers: (block: Covered) => boolean;
  /** Ids of which nobody can tell here what they were: erased, without body, declined. They are decided all the same. */
  private unclear: Set<string> | undefined;
  private reading: Promise<void> = Promise.resolve();

  constructor(
    private readonly store: Pick<BlockStore, 'tail' | 'items'>,
    /** What this node keeps. */
    private readonly own: Coverage,
    private readonly stopping: AbortSignal,
  ) {
    this.covers = coverageTest(own);
  }

  /** How many coverages are compared now; those that wait for somebody to come back make room. */
  get size(): number {
    return [...this.parts.values()].filter(({ users }) => users > 0).length;
  }

  has(theirs: Coverage): boolean {
    return this.parts.has(coverageKey(theirs));
  }

  /** Until `leave` is called as often. `onRead`: so many entries were read for it. */
  async join(theirs: Coverage, onRead: (entries: number) => void): Promise<Part> {
    const key = coverageKey(theirs);
    let part = this.parts.get(key);
    if (part === undefined) {
      part = {
        ...{ covers: coverageTest(theirs), both: new Growing(), beyond: new Growing() },
        ...{ built: Promise.resolve(), users: 0 },
      };
      this.parts.set(key, part);
      const made = part;
      // One after the other: each goes through the store once.
      made.built = this.reading = this.reading
        .catch(() => undefined)
        .then(() => this.read(made, asksPlaces(theirs) || asksPlaces(this.own), onRead));
      made.built.catch(() => {
        if (this.parts.get(key) === made) this.parts.delete(key);
      });
    }
    part.users += 1;
    await part.built;
    const { both, beyond } = part;
    return { both: () => both.snapshot(), beyond: () => beyond.snapshot() };
  }

  leave(theirs: Coverage): void {
    const part = this.parts.get(coverageKey(theirs));
    if (part === undefined) return;
    part.users -= 1;
    const idle = [...this.parts].filter(([, { users }]) => users <= 0);
    for (const [key] of idle.slice(0, Math.max(0, idle.length - IDLE_MAX))) this.parts.delete(key);
  }

  /** A block was kept. */
  note(block: Covered, item: DecidedItem): void {
    if (this.parts.size === 0) return;
    this.sort(block, item, this.parts.values());
  }

  /** The body of a block came after its header: only now is it known who asks for it. */
  complete(block: Covered, item: DecidedItem): void {
    if (isBare(block.entry) || this.unclear?.delete(digestKey(item.digest)) !== true) return;
    this.sort(block, item, this.parts.values());
  }

  /** It is decided, and not kept. */
  decline(digest: Uint8Array): void {
    this.unclear?.add(digestKey(digest));
  }

  /** Decided here, and in no part. */
  isUnclear(key: string): boolean {
    return this.unclear?.has(key) === true;
  }

  private sort(block: Covered, item: DecidedItem, parts: Iterable<Kept>): void {
    if (isBare(block.entry)) this.unclear?.add(digestKey(item.digest));
    const isOwn = this.covers(block);
    for (const { covers, both, beyond } of parts) if (covers(block)) (isOwn ? both : beyond).add(item);
  }

  private async read(part: Kept, places: boolean, onRead: (entries: number) => void): Promise<void> {
    if (this.unclear === undefined) await this.readDeclined((this.unclear = new Set()));
    const page = places ? WHOLE_PAGE : PAGE;
    for (let reached: Cursor = { epoch: '', seq: 0 }; ;) {
      this.stopping.throwIfAborted();
      const { items, upTo } = await this.store.tail(reached, page, { parts: places ? 'all' : 'entries' });
      if (items.length === 0) return;
      for (const item of items)
        if (item.type === 'put') this.sort(coveredOf(item.block), itemOf(item.block), [part]);
      onRead(items.length);
      reached = upTo;
      if (items.length < page) continue;
      // A store may read within the call: everything else has its turn between pages.
      await immediate();
      if (part.users <= 0) throw new Error('nobody needs this part any more');
    }
  }

  private async readDeclined(into: Set<string>): Promise<void> {
    for (let from = LOWEST; ;) {
      const page = await this.store.items(from, HIGHEST, PAGE, 'declined');
      for (const { digest } of page) into.add(digestKey(digest));
      if (page.length < PAGE) return;
      from = after(page.at(-1)!);
    }
  }
}

/** Nothing of the body is known, or nothing was in it by which it could be asked for. */
function isBare({ tags, links, rows }: CatalogueEntry): boolean {
  return rows === 0 && tags.length === 0 && links.length === 0;
}

function itemOf({ id, timeMs }: StoredBlock): DecidedItem {
  return { timeMs, digest: parseCid(id).digest! };
}

/** As far as a coverage asks. Without its envelope a block lies nowhere. */
export function coveredOf(block: Pick<StoredBlock, 'entry' | 'timeMs' | 'format' | 'envelope'>): Covered {
  const { entry, timeMs, format, envelope } = block;
  if (format !== 'native/2' || envelope.length === 0) return { entry, timeMs };
  const read = readEnvelope(envelope);
  const decoded = read.status === 'rejected' ? read : decodeHeader(read.envelope.header);
  return { entry, timeMs, ...(decoded.status === 'ok' ? { place: decoded.header.observer_location } : {}) };
}
