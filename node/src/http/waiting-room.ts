import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { codes, problemOf } from '@cosmicembeddings/sdk';

export interface WaitingRoomLimits {
  /** Publishing requests that are served at a time; the next ones wait. */
  readonly publishingMax: number;
  /** Requests that may wait; one more is refused at once and its connection closed. */
  readonly waitingMax: number;
  readonly waitMs: number;
}

export interface WaitingRoom {
  /** Serves the request now or as soon as there is room, or refuses it with `node.busy`. */
  enter(request: IncomingMessage, response: ServerResponse, serve: () => void): void;
  close(): void;
}

interface Waiting {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly socket: Socket;
  readonly untilMs: number;
  serve(): void;
}

const SWEEP_MS = 50;
/** A request whose body still comes after this long is no burst: it is paced by its sender, or by the door. */
const LONG_MS = 1_000;
const RETRY_AFTER_SECONDS = 1;
const BODY = Buffer.from(JSON.stringify(problemOf('node.busy', 'more requests to publish than can be served')));

/**
 * Requests to publish, a bounded number at a time, first come first served. More are kept waiting for a moment before they are
 * refused: whoever does not heed `Retry-After` waits instead of spinning, so that refusing costs little and what can be
 * accepted is.
 */
export function createWaitingRoom(
  limits: WaitingRoomLimits,
  nowMs: () => number = () => performance.now(),
): WaitingRoom {
  /** The socket is kept beside: a request that was torn down has none any more. */
  const serving = new Map<IncomingMessage, { readonly sinceMs: number; readonly socket: Socket }>();
  const waiting = new Set<Waiting>();

  const begin = ({ request, response, socket, serve }: Omit<Waiting, 'untilMs'>): void => {
    serving.set(request, { sinceMs: nowMs(), socket });
    response.once('close', () => {
      serving.delete(request);
      next();
    });
    serve();
  };
  const next = (): void => {
    for (const one of waiting) {
      if (serving.size >= limits.publishingMax) return;
      waiting.delete(one);
      begin(one);
    }
  };
  const sweep = (): void => {
    const now = nowMs();
    for (const one of waiting) {
      if (one.untilMs > now) break;
      waiting.delete(one);
      refuse(one.response);
    }
    for (const [request, { sinceMs, socket }] of serving)
      if (socket.destroyed || (now - sinceMs >= LONG_MS && !request.complete)) serving.delete(request);
    next();
  };
  const timer = setInterval(sweep, SWEEP_MS);
  timer.unref();

  return {
    enter: (request, response, serve) => {
      const { socket } = request;
      if (serving.size < limits.publishingMax && waiting.size === 0) return begin({ request, response, socket, serve });
      if (waiting.size >= limits.waitingMax) {
        response.setHeader('connection', 'close');
        return refuse(response);
      }
      const one: Waiting = { request, response, socket, serve, untilMs: nowMs() + limits.waitMs };
      waiting.add(one);
      response.once('close', () => waiting.delete(one));
    },
    close: () => {
      clearInterval(timer);
      for (const { response } of waiting) refuse(response);
      waiting.clear();
    },
  };
}

function refuse(response: ServerResponse): void {
  response.writeHead(codes['node.busy'].http, {
    'content-type': 'application/problem+json',
    'content-length': String(BODY.length),
    'retry-after': String(RETRY_AFTER_SECONDS),
  });
  response.end(BODY);
}
