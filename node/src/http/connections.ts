import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

export interface ConnectionLimits {
  /** Open connections, peers included; further ones are closed at once. */
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
export const PIPELINED_MAX = 64;

interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** Bytes moved when it was last found going, and when that was. */
  moved: number;
  sinceMs: number;
}

const SWEEP_MAX_MS = 5_000;

/**
 * Cuts connections that hold on to a node without using it. A long import goes on for as long as it moves: its time is
 * not bounded, its standing still is.
 */
export function guardConnections(
  server: Server,
  limits: ConnectionLimits,
  onCut: (reason: 'slow sender' | 'slow reader' | 'pipelining') => void = () => undefined,
): { track(request: IncomingMessage, response: ServerResponse): boolean; close(): void } {
  server.maxConnections = limits.connectionsMax;
  const open = new Set<Exchange>();
  const depths = new WeakMap<Socket, number>();

  const sweep = (): void => {
    const nowMs = performance.now();
    for (const exchange of open) {
      const { request, response } = exchange;
      const socket = request.socket;
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
    /** False: the connection has been cut. */
    track: (request, response) => {
      const socket = request.socket;
      const depth = (depths.get(socket) ?? 0) + 1;
      if (depth > PIPELINED_MAX) {
        onCut('pipelining');
        socket.destroy();
        return false;
      }
      depths.set(socket, depth);
      const exchange: Exchange = { request, response, moved: socket.bytesRead, sinceMs: performance.now() };
      open.add(exchange);
      response.once('close', () => {
        open.delete(exchange);
        depths.set(socket, (depths.get(socket) ?? 1) - 1);
      });
      return true;
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
