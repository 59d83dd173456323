import type { Readable } from 'node:stream';
import { CosmicError, nextBlock, rejected, type Rejected } from '@cosmicembeddings/sdk';
import type { Room } from './room.js';

/** One block of a body, the room that it takes until it is answered, and what is wrong where it is none. */
export interface Incoming {
  readonly item: Uint8Array | Rejected;
  release(): void;
}

/** Where blocks that are being received and judged find room: a few large ones, and many small ones beside them. */
export interface IncomingRooms {
  readonly small: Room;
  readonly large: Room;
}

/** The same for one address or key, which has a part of it. */
export function roomsFor({ small, large }: IncomingRooms, who: string): IncomingRooms {
  const mine = (room: Room): Room => ({
    take: (bytes) => room.take(bytes, who),
    takeNow: (bytes) => room.takeNow(bytes, who),
    get taken() {
      return room.taken;
    },
  });
  return { small: mine(small), large: mine(large) };
}

/** A large block that has room has to be there in this time: it stands in the way of others. */
export const largeWithinMs = 60_000;

/** Up to here a block is small. */
export const smallMaxBytes = 64 * 1024;

const NOTHING = (): void => undefined;
const BUSY = rejected('node.busy', 'no room for another block');

/** Bytes that grow at the end: each is copied a few times at most, however small the pieces are in which they come. */
class Growing {
  private bytes: Uint8Array = new Uint8Array(0);
  length = 0;

  append(piece: Uint8Array): void {
    if (this.length + piece.length > this.bytes.length) {
      const grown = new Uint8Array(Math.max(4096, 2 * this.bytes.length, this.length + piece.length));
      grown.set(this.bytes.subarray(0, this.length));
      this.bytes = grown;
    }
    this.bytes.set(piece, this.length);
    this.length += piece.length;
  }

  /** What is there so far; its memory is the caller's. */
  take(): Uint8Array {
    const taken = this.bytes.subarray(0, this.length);
    this.bytes = new Uint8Array(0);
    this.length = 0;
    return taken;
  }

  view(): Uint8Array {
    return this.bytes.subarray(0, this.length);
  }
}

/**
 * The blocks of a CBOR sequence as they arrive, those of a piece together; a framing fault is the last item. Each byte is
 * looked at once. Nobody waits for room who holds blocks that were not handed on.
 */
export async function* cborBlocks(stream: Readable, rooms: IncomingRooms): AsyncGenerator<readonly Incoming[]> {
  const held = new Growing();
  let needs = 0;
  let room: (() => void) | undefined;
  let late: NodeJS.Timeout | undefined;
  let whole: Incoming[] = [];
  const takeWhole = (): readonly Incoming[] => {
    const taken = whole;
    whole = [];
    return taken;
  };
  try {
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      let rest: Uint8Array = chunk;
      if (held.length > 0) {
        held.append(chunk);
        if (held.length < needs) continue;
        rest = held.take();
      }
      while (rest.length > 0) {
        const next = nextBlock(rest);
        if (next.status === 'more') {
          needs = next.needs ?? rest.length + 1;
          if (needs > smallMaxBytes && room === undefined) {
            if (whole.length > 0) yield takeWhole();
            room = await rooms.large.take(needs);
            if (room === undefined) return void (yield [{ item: BUSY, release: NOTHING }]);
          }
          if (room !== undefined) late ??= setTimeout(() => stream.destroy(tooLate()), largeWithinMs).unref();
          held.append(rest);
          break;
        }
        if (next.status === 'rejected') return void (yield [...whole, { item: next, release: NOTHING }]);
        const its = next.end > smallMaxBytes ? rooms.large : rooms.small;
        let release = room ?? its.takeNow(next.end);
        if (release === undefined) {
          if (whole.length > 0) yield takeWhole();
          release = await its.take(next.end);
        }
        room = undefined;
        clearTimeout(late);
        late = undefined;
        if (release === undefined) return void (yield [{ item: BUSY, release: NOTHING }]);
        whole.push({ item: rest.subarray(0, next.end), release });
        rest = rest.subarray(next.end);
      }
      if (whole.length > 0) yield takeWhole();
    }
    if (held.length > 0) yield [{ item: rejected('block.malformed', 'input ends inside a block'), release: NOTHING }];
  } finally {
    clearTimeout(late);
    room?.();
  }
}

function tooLate(): CosmicError {
  return new CosmicError('request.malformed', `a large block was not there within ${largeWithinMs} ms`);
}

const LINE_END = 0x0a;

/** JSON forms, one a line. A line that is none is refused by itself; the next line is read. Each byte is looked at once. */
export async function* jsonBlocks(
  stream: Readable,
  rooms: IncomingRooms,
  read: (line: string) => Promise<Uint8Array | Rejected>,
  lineMaxBytes: number,
): AsyncGenerator<readonly Incoming[]> {
  const held = new Growing();
  const decoder = new TextDecoder('utf-8');
  let room: (() => void) | undefined;
  let late: NodeJS.Timeout | undefined;
  async function* line(last: Uint8Array): AsyncGenerator<readonly Incoming[]> {
    held.append(last);
    const bytes = held.take();
    const text = decoder.decode(bytes).trim();
    const release = room ?? (await rooms.small.take(bytes.length));
    room = undefined;
    clearTimeout(late);
    late = undefined;
    if (release === undefined) return yield [{ item: BUSY, release: NOTHING }];
    if (text === '') return release();
    let item: Uint8Array | Rejected;
    try {
      item = await read(text);
    } catch (error) {
      release();
      throw error;
    }
    yield [{ item, release }];
  }
  try {
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      let from = 0;
      for (let end = chunk.indexOf(LINE_END); end >= 0; end = chunk.indexOf(LINE_END, from)) {
        if (held.length + end - from > lineMaxBytes) return void (yield [tooLong(lineMaxBytes)]);
        yield* line(chunk.subarray(from, end));
        from = end + 1;
      }
      held.append(chunk.subarray(from));
      if (held.length > lineMaxBytes) return void (yield [tooLong(lineMaxBytes)]);
      if (
        held.length > smallMaxBytes &&
        room === undefined &&
        (room = await rooms.large.take(lineMaxBytes)) === undefined
      )
        return void (yield [{ item: BUSY, release: NOTHING }]);
      if (room !== undefined) late ??= setTimeout(() => stream.destroy(tooLate()), largeWithinMs).unref();
    }
    if (held.length > 0) yield* line(new Uint8Array(0));
  } finally {
    clearTimeout(late);
    room?.();
  }
}

function tooLong(lineMaxBytes: number): Incoming {
  return {
    item: rejected('block.too_large', `a line of more than ${lineMaxBytes} bytes; send application/cbor-seq`),
    release: NOTHING,
  };
}
