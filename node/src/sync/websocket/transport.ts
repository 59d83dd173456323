import { WebSocket, type RawData } from 'ws';
import { CosmicError, type Remote, type Transport } from '@cosmicembeddings/sdk';

export interface TransportTiming {
  /** A ping is sent this often; a connection that answers none until the next is dead. */
  readonly pingMs: number;
  /** A closing handshake may take this long. */
  readonly closeMs: number;
}

/** Bytes in the socket's buffer beyond which `send` waits, and bytes read but not taken beyond which reading stops. */
const HIGH_WATER_BYTES = 1024 * 1024;
const REASON_BYTES = 120;
/** What a frame takes in memory beside its bytes: frames of next to nothing fill the inbox, too. */
const FRAME_BYTES = 256;

/** One open WebSocket as a `Transport`: binary messages are frames, anything else closes it. */
export class WebSocketTransport implements Transport {
  private readonly inbox: Uint8Array[] = [];
  private inboxBytes = 0;
  private wakeReader: (() => void) | undefined;
  private ended = false;
  private alive = true;
  private readonly pinger: NodeJS.Timeout;

  constructor(
    private readonly socket: WebSocket,
    readonly remote: Remote,
    private readonly timing: TransportTiming,
  ) {
    socket.on('message', (data, isBinary) => this.arrive(data, isBinary));
    socket.on('pong', () => (this.alive = true));
    socket.on('close', () => this.end());
    // Errors (bad framing, oversized frame, reset) are followed by `close`.
    socket.on('error', () => undefined);
    this.pinger = setInterval(() => this.ping(), timing.pingMs);
    this.pinger.unref();
  }

  async send(frame: Uint8Array): Promise<void> {
    if (this.socket.readyState !== WebSocket.OPEN) throw closedError(this.remote);
    await new Promise<void>((resolve, reject) => {
      this.socket.send(frame, { binary: true }, (error) => {
        if (error === undefined || error === null) resolve();
        else reject(closedError(this.remote, error));
      });
      if (this.socket.bufferedAmount <= HIGH_WATER_BYTES) resolve();
    });
  }

  async close(code = 1000, reason = ''): Promise<void> {
    if (this.socket.readyState === WebSocket.CLOSED) return;
    // A paused socket would never see the other side's close frame.
    if (this.socket.isPaused) this.socket.resume();
    const closed = new Promise<void>((resolve) => this.socket.once('close', () => resolve()));
    const timer = setTimeout(() => this.socket.terminate(), this.timing.closeMs);
    this.socket.close(code, shortened(reason));
    await closed;
    clearTimeout(timer);
  }

  async *[Symbol.asyncIterator](): AsyncIterator<Uint8Array> {
    for (;;) {
      const frame = this.inbox.shift();
      if (frame !== undefined) {
        this.inboxBytes -= frame.length + FRAME_BYTES;
        if (this.socket.isPaused && this.inboxBytes < HIGH_WATER_BYTES / 2) this.socket.resume();
        yield frame;
      } else if (this.ended) return;
      else
        await new Promise<void>((resolve) => {
          this.wakeReader = resolve;
        });
    }
  }

  private arrive(data: RawData, isBinary: boolean): void {
    this.alive = true;
    if (!isBinary) return this.socket.close(1003, 'frames are binary');
    const frame = bytesOf(data);
    this.inbox.push(frame);
    this.inboxBytes += frame.length + FRAME_BYTES;
    if (this.inboxBytes > HIGH_WATER_BYTES && this.socket.readyState === WebSocket.OPEN) this.socket.pause();
    this.wakeReader?.();
  }

  private ping(): void {
    // While this side does not read, pongs wait in the socket and prove nothing.
    if (this.socket.isPaused) this.alive = true;
    else if (!this.alive) return this.socket.terminate();
    else this.alive = false;
    if (this.socket.readyState === WebSocket.OPEN) this.socket.ping();
  }

  private end(): void {
    clearInterval(this.pinger);
    this.ended = true;
    this.wakeReader?.();
  }
}

function bytesOf(data: RawData): Uint8Array {
  const buffer = Array.isArray(data) ? Buffer.concat(data) : data instanceof ArrayBuffer ? Buffer.from(data) : data;
  return new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.length);
}

/** A close reason has at most 123 bytes. */
function shortened(reason: string): string {
  const bytes = Buffer.from(reason);
  return bytes.length <= REASON_BYTES ? reason : reason.replace(/[^ -~]/g, '?').slice(0, REASON_BYTES);
}

function closedError(remote: Remote, cause?: Error): CosmicError {
  return new CosmicError(
    'node.unreachable',
    `${remote.address}: connection is closed`,
    cause === undefined ? {} : { cause },
  );
}
