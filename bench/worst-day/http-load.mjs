/** A load generator that costs little: sockets of its own, requests made beforehand, answers looked at no closer than needed. */
import { connect } from 'node:net';

/**
 * One keep-alive connection with up to `depth` requests under way, answered in order.
 * `onAnswer(token, status, text)` is told each; status 0: the connection ended first.
 */
export class Lane {
  constructor(port, { depth = 1, onAnswer, onClose = () => undefined }) {
    this.depth = depth;
    this.onAnswer = onAnswer;
    this.tokens = [];
    this.parts = [];
    this.open = true;
    this.socket = connect(port, '127.0.0.1');
    this.socket.setNoDelay(true);
    this.socket.on('data', (chunk) => this.read(chunk));
    this.socket.on('error', () => undefined);
    this.socket.on('close', () => {
      this.open = false;
      for (const token of this.tokens.splice(0)) this.onAnswer(token, 0, '');
      onClose();
    });
  }

  get isFree() {
    return this.open && this.tokens.length < this.depth && this.socket.writableLength < 65_536;
  }

  send(head, body, token) {
    this.tokens.push(token);
    this.socket.cork();
    this.socket.write(head);
    this.socket.write(body);
    this.socket.uncork();
  }

  read(chunk) {
    const bytes = this.rest === undefined ? chunk : Buffer.concat([this.rest, chunk]);
    this.rest = undefined;
    let at = 0;
    while (at < bytes.length) {
      const end = bytes.indexOf('\r\n\r\n', at, 'latin1');
      if (end < 0) break;
      const head = bytes.latin1Slice(at, end + 2);
      const stop = stopOf(bytes, head, end + 4);
      if (stop > bytes.length) break;
      this.onAnswer(this.tokens.shift(), Number(head.slice(9, 12)), bytes.latin1Slice(at, stop));
      at = stop;
    }
    if (at < bytes.length) this.rest = bytes.subarray(at);
  }

  close() {
    this.socket.destroy();
  }
}

/** Where an answer ends whose body begins at `from`; beyond the bytes: there is more to come. */
function stopOf(bytes, head, from) {
  const length = /content-length: (\d+)/i.exec(head);
  if (length !== null) return from + Number(length[1]);
  if (!/transfer-encoding: chunked/i.test(head)) return from;
  // Answers are JSON, so the last chunk's mark stands nowhere inside.
  const last = bytes.indexOf('0\r\n\r\n', from, 'latin1');
  return last < 0 ? Infinity : last + 5;
}

/** One streamed import: `take()` gives the next wire or undefined; `onAnswers(stored, others)` counts as they come. */
export class Stream {
  constructor(port, { take, onVerdict, onEnd }) {
    this.stopped = false;
    this.socket = connect(port, '127.0.0.1');
    this.socket.on('error', () => undefined);
    this.socket.on('close', () => onEnd?.());
    this.socket.write(
      'POST /v2/blocks HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/cbor-seq\r\ntransfer-encoding: chunked\r\n\r\n',
    );
    this.tail = '';
    this.verdicts = 0;
    this.socket.on('data', (chunk) => {
      const text = this.tail + chunk.latin1Slice();
      if (this.verdicts === 0 && /^HTTP\/1.1 [45]/.test(text)) return this.socket.destroy();
      const pattern = /"status":"(\w+)"/g;
      let last = 0;
      for (let found = pattern.exec(text); found !== null; found = pattern.exec(text)) {
        onVerdict(this.verdicts++, found[1]);
        last = pattern.lastIndex;
      }
      this.tail = text.slice(Math.max(last, text.length - 32));
      if (text.endsWith('0\r\n\r\n')) this.socket.end();
    });
    const pump = () => {
      while (!this.stopped) {
        const wire = take();
        if (wire === undefined) return this.stop();
        const more = this.socket.write(
          Buffer.concat([Buffer.from(`${wire.length.toString(16)}\r\n`), wire, Buffer.from('\r\n')]),
        );
        if (!more) return void this.socket.once('drain', pump);
      }
    };
    pump();
  }

  /** Sends no more; the answers to what was sent still come. */
  stop() {
    if (this.stopped) return;
    this.stopped = true;
    if (this.socket.writable) this.socket.write('0\r\n\r\n');
  }
}
