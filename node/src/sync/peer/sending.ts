import { CosmicError, type Code, type Cursor, type DecidedItem, type Transport } from '@cosmicembeddings/sdk';
import { digestKey, frameLimits } from '@cosmicembeddings/sdk/sync';
import { Feeding } from './feeding.js';
import type { Connection } from './shared.js';
import { givenOf, loadBlocks } from './wire.js';

/** Blocks given before answers of another sort get their turn. */
const SERVED_AT_ONCE = 64;
/** News told in one round. */
const TOLD_AT_ONCE = 256;

interface Announcement extends DecidedItem {
  /** Send the block itself, without being asked. */
  readonly push: boolean;
  /** The other side passes it on and does not keep it. */
  readonly relay: boolean;
}

/** What goes out over one connection: frames first, then blocks that were asked for, a feed, and news. */
export class Sending {
  /** Blocks given, and bytes of all frames. */
  sent = 0;
  bytesOut = 0;
  private readonly outbox: Uint8Array[] = [];
  private outboxBytes = 0;
  private readonly serving: Uint8Array[] = [];
  private readonly announcing = new Map<string, Announcement>();
  /** All that is kept, on its way to the other side; `feedNews` came meanwhile and will be found on the way. */
  private feeding: Feeding | undefined;
  private feedNews = false;
  private sendingSinceMs: number | undefined;
  private wakeWriter: (() => void) | undefined;
  /** Sends what waits in the outbox, each frame once the one before was taken. */
  private flush: () => Promise<void> = () => Promise.resolve();

  constructor(
    private readonly connection: Connection,
    private readonly transport: Transport,
    private readonly whenEnded: Promise<void>,
  ) {}

  /** Writes until the connection has ended and the last words are out; never rejects. */
  async run(): Promise<void> {
    // What is said last gets a moment, no more: the other side may not be reading.
    const flushed = new AbortController();
    const { clock, limits } = this.connection.shared;
    let isOverdue = false;
    let giveUp: (() => void) | undefined;
    const overdue = (): void => {
      isOverdue = true;
      giveUp?.();
    };
    void this.whenEnded.then(() => clock.sleep(limits.closeMs, flushed.signal)).then(overdue, overdue);
    /** Resolves when the frame was taken, or nobody waits for that any more. A race with one promise would keep something of every frame. */
    const taken = (frame: Uint8Array): Promise<void> =>
      new Promise((resolve, reject) => {
        giveUp = resolve;
        this.transport.send(frame).then(resolve, reject);
      });
    this.flush = async () => {
      for (let frame = this.outbox.shift(); frame !== undefined; frame = this.outbox.shift()) {
        this.outboxBytes -= frame.length;
        this.sendingSinceMs = this.connection.now();
        this.bytesOut += frame.length;
        await taken(frame);
        if (isOverdue) this.outbox.length = 0;
        this.sendingSinceMs = undefined;
      }
    };
    let why: string | undefined;
    try {
      while (!this.connection.isEnded || this.outbox.length > 0) {
        if (this.outbox.length > 0) await this.flush();
        else if (this.serving.length > 0) await this.giveWanted();
        else if (this.feeding !== undefined) await this.feedOn(this.feeding);
        else if (this.announcing.size > 0) await this.tellNews();
        else await new Promise<void>((resolve) => (this.wakeWriter = resolve));
      }
    } catch (error) {
      why = error instanceof CosmicError ? error.detail : String(error);
    }
    this.connection.abandon('node.unreachable', why ?? 'connection lost');
    flushed.abort(new Error('flushed'));
  }

  /** Something is there to be sent, or nothing will be any more. */
  wake(): void {
    this.wakeWriter?.();
  }

  post(frame: Uint8Array): void {
    const { isEnded, shared } = this.connection;
    if (isEnded) return;
    this.outbox.push(frame);
    this.outboxBytes += frame.length;
    // Answers pile up only where the other side asks without reading.
    if (this.outboxBytes > shared.limits.outboxBytesMax) {
      this.outbox.length = 0;
      this.connection.abandon('peer.protocol', 'asks, but does not read');
    }
    this.wake();
  }

  /** How long the other side has been taking the frame that is on its way. */
  waitedMs(nowMs: number): number {
    return this.sendingSinceMs === undefined ? 0 : nowMs - this.sendingSinceMs;
  }

  /** Tells of a block, or sends it. `full` where too much waits already. */
  announce(item: DecidedItem, push: boolean, relay = false): 'told' | 'fed' | 'full' {
    // What is not in the store is in no feed.
    if (this.feeding !== undefined && !relay) {
      this.feedNews = true;
      return 'fed';
    }
    if (this.announcing.size >= this.connection.shared.limits.announceMax) return 'full';
    this.announcing.set(digestKey(item.digest), { ...item, push, relay });
    this.wake();
    return 'told';
  }

  /** The other side wants these. */
  serve(ids: readonly Uint8Array[]): void {
    const room = Math.max(0, frameLimits.wants - this.serving.length);
    for (const digest of ids.slice(0, room)) this.serving.push(digest.slice());
    const { session } = this.connection;
    if (ids.length > room) this.connection.fulfil(session.gone('node.busy', ids.slice(room)));
    this.wake();
  }

  /** The other side wants all that came after this. */
  async feed(after: Cursor | undefined): Promise<void> {
    const { shared, session, remote } = this.connection;
    try {
      const feeding = await Feeding.open(shared.store, after, session.hello!.limits.frameBytes);
      if (!(feeding instanceof Feeding)) return this.connection.fulfil(session.gap(feeding));
      this.feeding = feeding;
      this.wake();
    } catch (error) {
      shared.log.error({ peer: remote.address, error: String(error) }, 'a feed could not be read');
      this.connection.close('node.internal', 'the feed could not be read');
    }
  }

  private async feedOn(feeding: Feeding): Promise<void> {
    const { connection } = this;
    this.feedNews = false;
    const { blocks, upTo, head } = await feeding.next();
    for (const { digest } of blocks) connection.known.add(digestKey(digest));
    connection.fulfil(connection.session.give(blocks.map(({ wire }) => wire)));
    this.sent += blocks.length;
    if (blocks.length > 0) connection.useful();
    // What was stored since the head was read is not announced while a feed runs: it belongs to it.
    const isOver = upTo.seq >= head && !this.feedNews;
    if (isOver) this.feeding = undefined;
    if (isOver || upTo.seq < head) connection.fulfil(connection.session.fed(upTo, isOver ? upTo.seq : head));
    await this.flush();
  }

  private async giveWanted(): Promise<void> {
    const missing = await this.give(this.serving.splice(0, SERVED_AT_ONCE));
    for (const [code, ids] of missing) this.connection.fulfil(this.connection.session.gone(code, ids));
  }

  private async tellNews(): Promise<void> {
    const { known, session } = this.connection;
    const batch = [...this.announcing.values()].slice(0, TOLD_AT_ONCE);
    const pushed = batch.filter(({ push }) => push).slice(0, SERVED_AT_ONCE);
    const told = batch.filter(({ push }) => !push);
    for (const { digest } of [...pushed, ...told]) this.announcing.delete(digestKey(digest));
    const unknown = (item: DecidedItem): boolean => !known.has(digestKey(item.digest));
    for (const relay of [false, true]) {
      const items = told.filter((item) => item.relay === relay && unknown(item));
      this.connection.fulfil(
        session.have(
          items.map(({ timeMs, digest }) => ({ timeMs, digest })),
          relay,
        ),
      );
    }
    for (const { digest } of told) known.add(digestKey(digest));
    await this.give(pushed.filter(unknown).map(({ digest }) => digest));
  }

  /**
   * Sends blocks as fast as they are taken: several small ones in a frame, a large one alone, and never more than one
   * frame in memory. Answers those that cannot be given, by the reason.
   */
  private async give(digests: readonly Uint8Array[]): Promise<Map<Code, Uint8Array[]>> {
    const { connection } = this;
    const missing = new Map<Code, Uint8Array[]>();
    let batch: Uint8Array[] = [];
    let bytes = 0;
    const send = async (): Promise<void> => {
      // An empty outbox first: what waits there counts against its bound.
      await this.flush();
      connection.fulfil(connection.session.give(batch));
      batch = [];
      bytes = 0;
      await this.flush();
    };
    for (const digest of digests) {
      if (connection.isEnded) break;
      const [found] = await loadBlocks(connection.shared.store, [digest]);
      const wire = found === undefined ? connection.shared.passing.get(digest) : givenOf(found);
      const code = reasonAgainst(found !== undefined, wire, connection.session.hello!.limits.frameBytes);
      if (code !== undefined) missing.set(code, [...(missing.get(code) ?? []), digest]);
      if (code !== undefined || wire === undefined) continue;
      if (batch.length > 0 && bytes + wire.length > frameLimits.giveBytes - 1024) await send();
      batch.push(wire);
      bytes += wire.length + 8;
      this.sent += 1;
      connection.useful();
      connection.known.add(digestKey(digest));
      if (bytes > frameLimits.giveBytes - 1024) await send();
    }
    await send();
    return missing;
  }
}

/** Why a block cannot be given to whoever reads frames of at most so many bytes. */
function reasonAgainst(isHere: boolean, wire: Uint8Array | undefined, frameBytes: number): Code | undefined {
  if (wire === undefined) return isHere ? 'policy.erased' : 'block.not_found';
  return wire.length + 64 <= frameBytes ? undefined : 'block.too_large';
}
