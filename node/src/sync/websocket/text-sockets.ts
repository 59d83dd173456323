import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocketServer, type RawData, type WebSocket } from 'ws';
import { refuse } from './refuse.js';

/** One open WebSocket of a reader: whole texts, in order. */
export interface TextSocket extends AsyncIterable<string> {
  /** Resolves when buffered below the high-water mark, or when the connection is gone. */
  send(text: string): Promise<void>;
  close(code: number, reason: string): void;
}

export interface TextSocketsOptions {
  readonly path: string;
  /** Largest message read. */
  readonly messageMaxBytes: number;
  /** The HTTP status with which a request is refused. */
  refusalOf(request: IncomingMessage): number | undefined;
  /** Whose share of connections a request takes; an empty name has no bound. */
  whoOf(request: IncomingMessage): string;
  /** Serves one connection until it ends. */
  serve(socket: TextSocket, request: IncomingMessage): Promise<void>;
}

export interface TextSockets {
  readonly path: string;
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void;
  close(): Promise<void>;
}

const PING_MS = 20_000;
const HIGH_WATER_BYTES = 256 * 1024;
/** Connections of one address or key. */
const EACH_MAX = 64;
/** Messages that were read and not taken; a reader that sends more is not listening. */
const INBOX_MAX = 256;

/** WebSockets for readers, pages included, beside those of peers. */
export function createTextSockets({ path, messageMaxBytes, refusalOf, whoOf, serve }: TextSocketsOptions): TextSockets {
  const server = new WebSocketServer({ noServer: true, perMessageDeflate: false, maxPayload: messageMaxBytes });
  const open = new Map<WebSocket, string>();
  let isClosed = false;
  return {
    path,
    upgrade: (request, socket, head) => {
      const who = whoOf(request);
      const theirs = who === '' ? 0 : [...open.values()].filter((one) => one === who).length;
      const status = isClosed ? 503 : (refusalOf(request) ?? (theirs >= EACH_MAX ? 429 : undefined));
      if (status !== undefined) return refuse(socket, status);
      server.handleUpgrade(request, socket, head, (ws) => {
        open.set(ws, who);
        ws.once('close', () => open.delete(ws));
        const one = textSocket(ws);
        serve(one, request).then(
          () => one.close(1000, ''),
          () => one.close(1011, 'node.internal'),
        );
      });
    },
    close: async () => {
      isClosed = true;
      for (const ws of open.keys()) ws.terminate();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

function textSocket(ws: WebSocket): TextSocket {
  const inbox: string[] = [];
  let wake: (() => void) | undefined;
  let isAlive = true;
  const pinger = setInterval(() => {
    if (!isAlive) return ws.terminate();
    isAlive = false;
    ws.ping();
  }, PING_MS).unref();
  ws.on('pong', () => (isAlive = true));
  ws.on('message', (data: RawData, isBinary: boolean) => {
    isAlive = true;
    if (isBinary) return ws.close(1003, 'messages are text');
    if (inbox.length >= INBOX_MAX) return ws.close(1008, 'too many messages');
    inbox.push(String(data));
    wake?.();
  });
  // Errors (bad framing, an oversized message, a reset) are followed by `close`.
  ws.on('error', () => undefined);
  ws.on('close', () => {
    clearInterval(pinger);
    wake?.();
  });
  const isOver = (): boolean => ws.readyState !== ws.OPEN;
  return {
    send: (text) =>
      new Promise((resolve) => {
        if (isOver()) return resolve();
        ws.send(text, () => resolve());
        if (ws.bufferedAmount <= HIGH_WATER_BYTES) resolve();
      }),
    close: (code, reason) => ws.close(code, reason),
    async *[Symbol.asyncIterator]() {
      for (;;) {
        const text = inbox.shift();
        if (text !== undefined) yield text;
        else if (isOver()) return;
        else
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
      }
    },
  };
}
