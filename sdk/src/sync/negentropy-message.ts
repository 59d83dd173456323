import { ID_BYTES, varint } from './item-set.js';

/** First byte of every message of protocol version 1. */
export const VERSION = 0x61;

/** A message that breaks the protocol. */
export class NegentropyError extends Error {
  override readonly name = 'NegentropyError';
}

/** A place in the (time, id) order; missing bytes of the prefix count as 0. */
export interface Bound {
  /** Infinity for the end of the space. */
  readonly timeMs: number;
  readonly prefix: Uint8Array;
}

const NOTHING = new Uint8Array(0);
export const ORIGIN: Bound = { timeMs: 0, prefix: NOTHING };
export const END: Bound = { timeMs: Infinity, prefix: NOTHING };

/** Times in a message are differences to the one before, plus 1; 0 stands for the end of the space. */
export class MessageWriter {
  length = 1;
  private buffer = new Uint8Array(1024);
  private lastTimeMs = 0;

  constructor() {
    this.buffer[0] = VERSION;
  }

  range(bound: Bound, mode: number): void {
    if (bound.timeMs === Infinity) this.byte(0);
    else {
      this.varint(bound.timeMs - this.lastTimeMs + 1);
      this.lastTimeMs = bound.timeMs;
    }
    this.varint(bound.prefix.length);
    this.raw(bound.prefix);
    this.varint(mode);
  }

  varint(value: number): void {
    if (value < 128) this.byte(value);
    else this.raw(varint(value));
  }

  private byte(value: number): void {
    this.reserve(1);
    this.buffer[this.length++] = value;
  }

  raw(bytes: Uint8Array): void {
    this.reserve(bytes.length);
    this.buffer.set(bytes, this.length);
    this.length += bytes.length;
  }

  /** Drops what was written behind `length`; only a range up to the end of the space may follow. */
  truncate(length: number): void {
    this.length = length;
  }

  private reserve(more: number): void {
    if (this.length + more <= this.buffer.length) return;
    const grown = new Uint8Array(Math.max(this.buffer.length * 2, this.length + more));
    grown.set(this.buffer.subarray(0, this.length));
    this.buffer = grown;
  }

  bytes(): Uint8Array {
    return this.buffer.slice(0, this.length);
  }
}

/** @throws NegentropyError (every method) */
export class MessageReader {
  private at = 0;
  private lastTimeMs = 0;

  constructor(private readonly message: Uint8Array) {}

  get done(): boolean {
    return this.at >= this.message.length;
  }

  byte(): number {
    const value = this.message[this.at++];
    if (value === undefined) throw new NegentropyError('message ends too early');
    return value;
  }

  varint(): number {
    let value = 0;
    for (;;) {
      const byte = this.byte();
      value = value * 128 + (byte & 127);
      if (value > Number.MAX_SAFE_INTEGER) throw new NegentropyError('number above 2^53−1');
      if (byte < 128) return value;
    }
  }

  take(length: number): Uint8Array {
    if (length > this.message.length - this.at) throw new NegentropyError('message ends too early');
    return this.message.subarray(this.at, (this.at += length));
  }

  /** An upper bound; bounds may not descend. */
  bound(): Bound {
    const encoded = this.varint();
    const timeMs = encoded === 0 || this.lastTimeMs === Infinity ? Infinity : this.lastTimeMs + encoded - 1;
    if (timeMs !== Infinity && timeMs > Number.MAX_SAFE_INTEGER) throw new NegentropyError('time above 2^53−1');
    this.lastTimeMs = timeMs;
    const length = this.varint();
    if (length > ID_BYTES) throw new NegentropyError(`id prefix of ${length} bytes`);
    return { timeMs, prefix: this.take(length) };
  }

  ids(): Uint8Array[] {
    const count = this.varint();
    if (count > (this.message.length - this.at) / ID_BYTES) throw new NegentropyError('message ends too early');
    return Array.from({ length: count }, () => this.take(ID_BYTES));
  }
}
