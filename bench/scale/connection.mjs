/** Raw keep-alive connections: bytes of a request in, bytes of its answer out, so that a client costs little beside the server on the same cores. */
import { connect } from 'node:net';

const HEAD_END = Buffer.from('\r\n\r\n');
const READY = 'Z'.charCodeAt(0);
const ERROR = 'E'.charCodeAt(0);

/** Where an answer ends: `end(bytes)` tells `{from, to}` of its body, or undefined while more must come; throws where it is a refusal. */
const framings = {
  http: () => {
    let from;
    let to;
    return (bytes) => {
      if (to === undefined) {
        const end = bytes.indexOf(HEAD_END);
        if (end < 0) return undefined;
        const head = bytes.toString('latin1', 0, end);
        const length = /content-length: (\d+)/i.exec(head);
        if (!/^HTTP\/1\.1 2/.test(head) || length === null) throw new Error(`${head}\n${bytes.toString('utf8', end)}`);
        from = end + 4;
        to = from + Number(length[1]);
      }
      return bytes.length < to ? undefined : { from, to };
    };
  },
  /** PostgreSQL's protocol 3.0: messages of a letter and a length, until it is ready for the next question. */
  postgres: () => {
    let at = 0;
    let refusal;
    return (bytes) => {
      while (bytes.length >= at + 5) {
        const next = at + 1 + bytes.readInt32BE(at + 1);
        if (bytes.length < next) return undefined;
        const kind = bytes[at];
        if (kind === ERROR) refusal = bytes.toString('utf8', at + 5, next).replaceAll('\0', ' ');
        at = next;
        if (kind !== READY) continue;
        if (refusal !== undefined) throw new Error(refusal);
        return { from: 0, to: at };
      }
      return undefined;
    };
  },
};

/** One connection: a request at a time. */
export class Connection {
  #waiting = Buffer.alloc(0);

  constructor(port, framing) {
    this.framing = framings[framing];
    this.socket = connect({ port, host: '127.0.0.1', noDelay: true });
    this.socket.on('data', (part) => this.#receive(part));
    this.socket.on('error', (error) => this.reject?.(error));
    this.socket.on('close', () => this.reject?.(new Error('connection closed')));
  }

  /** The body of the answer; of PostgreSQL's, all its messages. */
  ask(bytes) {
    return new Promise((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
      if (this.socket.destroyed) return reject(new Error('connection closed'));
      this.end = this.framing();
      this.socket.write(bytes);
    });
  }

  #receive(part) {
    this.#waiting = this.#waiting.length === 0 ? part : Buffer.concat([this.#waiting, part]);
    try {
      const body = this.end?.(this.#waiting);
      if (body === undefined) return;
      const answer = this.#waiting.subarray(body.from, body.to);
      this.#waiting = this.#waiting.subarray(body.to);
      this.resolve(answer);
    } catch (error) {
      this.reject(error);
    }
  }

  close() {
    this.reject = undefined;
    this.socket.destroy();
  }
}

/** Opens one and says what must be said first. */
export async function opened(port, { framing, greeting = [] }) {
  const connection = new Connection(port, framing);
  for (const bytes of greeting) await connection.ask(bytes);
  return connection;
}

export function httpRequest(port, method, path, body) {
  const bytes = Buffer.from(JSON.stringify(body));
  const head = `${method} ${path} HTTP/1.1\r\nhost: 127.0.0.1:${port}\r\ncontent-type: application/json\r\ncontent-length: ${bytes.length}\r\n\r\n`;
  return Buffer.concat([Buffer.from(head), bytes]);
}
