import type { Server } from 'node:http';
import type { Socket } from 'node:net';

export interface Crowd {
  /** A request of this connection is being served, or it has become a peer's: it is not idle. */
  busy(socket: Socket): void;
  /** One request less; from now on the connection counts as the youngest of its address. */
  idle(socket: Socket): void;
}

/** Accepted before those that made room for them are gone. */
const SLACK = 512;

/**
 * Keeps a server's connections at `max` without refusing the next: of the address that holds most, the one that was idle for
 * longest makes room. So nobody's idle connections keep anybody else out, nor his own requests.
 */
export function keepRoom(server: Server, max: number): Crowd {
  server.maxConnections = max + SLACK;
  /** By address; the longest idle first. */
  const idle = new Map<string, Set<Socket>>();
  const serving = new Map<Socket, number>();
  const addresses = new WeakMap<Socket, string>();
  let open = 0;

  const drop = (socket: Socket): void => {
    const address = addresses.get(socket) ?? '';
    const same = idle.get(address);
    same?.delete(socket);
    if (same?.size === 0) idle.delete(address);
  };
  const rest = (socket: Socket): void => {
    const address = addresses.get(socket);
    if (address === undefined || socket.destroyed) return;
    drop(socket);
    idle.set(address, (idle.get(address) ?? new Set()).add(socket));
  };
  const makeRoom = (): void => {
    let crowd: Set<Socket> | undefined;
    for (const same of idle.values()) if (same.size > (crowd?.size ?? 0)) crowd = same;
    const [longest] = crowd ?? [];
    if (longest === undefined) return;
    drop(longest);
    longest.destroy();
  };

  server.on('connection', (socket) => {
    open += 1;
    addresses.set(socket, socket.remoteAddress ?? '');
    rest(socket);
    socket.once('close', () => {
      open -= 1;
      serving.delete(socket);
      drop(socket);
    });
    if (open > max) makeRoom();
  });
  server.on('upgrade', (_request, socket) => drop(socket as Socket));

  return {
    busy: (socket) => {
      serving.set(socket, (serving.get(socket) ?? 0) + 1);
      drop(socket);
    },
    idle: (socket) => {
      const left = (serving.get(socket) ?? 1) - 1;
      if (left > 0) return void serving.set(socket, left);
      serving.delete(socket);
      rest(socket);
    },
  };
}
