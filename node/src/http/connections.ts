import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { keepRoom } from './crowd.js';

export interface ConnectionLimits {
  /** Open connections, peers included; for further ones the longest idle make room (crowd.ts). */
  readonly connectionsMax: number;
  /** A request's headers have to be there within this time. */
  readonly headersMs: number;
  /** A connection may stand idle between requests for so long. */
  readonly idleMs: number;
  /** A body that comes, or an answer that is taken, at less than SLOWEST bytes a second for so long is cut. */
  readonly slowMs: number;
}

/** Bytes a second below which a sender or reader counts as stalled. */
export const SLOWEST = 100;
/** Requests of one connection that wait for their answers; who sends more ahead is cut. */
export const PIPELINED_MAX = 1024;

interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** Kept beside: a request that was torn down has none any more. */
  readonly socket: Socket;
  /** Bytes moved when it was last found going, and when that was. */
  moved: number;
  sinceMs: number;
}

/** What one connection has asked ahead. */
interface Ahead {
  depth: number;
  answering: boolean;
  readonly queue: (() => void)[];
}

export interface ConnectionWatch {
  /**
   * Serves a request. Of those that only read, each connection gets one answer at a time: who asks ahead and does not take
   * the answers holds one of them in memory, not all.
   */
  enter(request: IncomingMessage, response: ServerResponse, isReading: boolean, serve: () => void): void;
  close(): void;
}

const SWEEP_MAX_MS = 5_000;

/**
 * Cuts connections that hold on to a node without using it. A long import goes on for as long as it moves: its time is
 * not bounded, its stillness is.
 */
export function watchConnections(
  server: Server,
  limits: ConnectionLimits,
  onCut: (reason: 'slow sender' | 'slow reader' | 'pipelining') => void = () => undefined,
): ConnectionWatch {
  const crowd = keepRoom(server, limits.connectionsMax);
  const open = new Set<Exchange>();
  const aheads = new WeakMap<Socket, Ahead>();

  const sweep = (): void => {
    const nowMs = performance.now();
    for (const exchange of open) {
      const { request, response, socket } = exchange;
      // An answer that never got its turn on the connection is not told that this is gone.
      if (socket.destroyed) {
        open.delete(exchange);
        continue;
      }
      const stalled = stallOf(request, response, socket);
      const moved = stalled === 'slow reader' ? socket.bytesWritten - socket.writableLength : socket.bytesRead;
      const seconds = (nowMs - exchange.sinceMs) / 1000;
      if (stalled === undefined || moved - exchange.moved < 0 || moved - exchange.moved >= SLOWEST * seconds + 1) {
        exchange.moved = moved;
        exchange.sinceMs = nowMs;
      } else if (seconds * 1000 >= limits.slowMs) {
        open.delete(exchange);
        onCut(stalled);
        socket.destroy();
      }
    }
  };
  const timer = setInterval(sweep, Math.min(SWEEP_MAX_MS, limits.slowMs / 4));
  timer.unref();

  return {
    enter: (request, response, isReading, serve) => {
      const socket = request.socket;
      const ahead = aheads.get(socket) ?? { depth: 0, answering: false, queue: [] };
      aheads.set(socket, ahead);
      if (++ahead.depth > PIPELINED_MAX) {
        onCut('pipelining');
        socket.destroy();
        return;
      }
      const exchange: Exchange = { request, response, socket, moved: socket.bytesRead, sinceMs: performance.now() };
      open.add(exchange);
      crowd.busy(socket);
      response.once('close', () => {
        crowd.idle(socket);
        open.delete(exchange);
        ahead.depth -= 1;
        if (!isReading) return;
        ahead.answering = false;
        ahead.queue.shift()?.();
      });
      const begin = (): void => {
        ahead.answering ||= isReading;
        serve();
      };
      if (isReading && ahead.answering) ahead.queue.push(begin);
      else begin();
    },
    close: () => clearInterval(timer),
  };
}

/** Whose turn it is to move: undefined while it is the node's own. */
function stallOf(
  request: IncomingMessage,
  response: ServerResponse,
  socket: Socket,
): 'slow sender' | 'slow reader' | undefined {
  if (response.headersSent && socket.writableLength > 0) return 'slow reader';
  // Bytes that were not taken yet: the node has to read on, not the sender to send.
  if (!request.complete && request.readableLength === 0) return 'slow sender';
  return undefined;
}
