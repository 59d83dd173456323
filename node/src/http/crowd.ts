import type { Server } from 'node:http';
import type { Server as TlsServer } from 'node:https';
import type { Socket } from 'node:net';
import { netOf } from './access.js';

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
 * longest makes room. So nobody's idle connections keep anybody else out, nor his own requests. Where none of these is idle, whatever they
 * are busy with (slow bodies, watches), the oldest makes room for another address, and none for one more of its own.
 */
export function keepRoom(server: Server | TlsServer, max: number): Crowd {
  server.maxConnections = max + SLACK;
  /** By address; the longest idle first. */
  const idle = new Map<string, Set<Socket>>();
  const serving = new Map<Socket, number>();
  const addresses = new WeakMap<Socket, string>();
  /** By address, the oldest first; busy ones, and those that were upgraded, too. */
  const held = new Map<string, Set<Socket>>();
  let open = 0;
  /** By far end: with TLS another socket is upgraded than the one that came. */
  const lines = new Map<string, Socket>();

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
  const makeRoom = (newcomer: Socket): void => {
    let [address, crowd]: readonly [string, ReadonlySet<Socket>] = ['', new Set<Socket>()];
    for (const [name, same] of held) if (same.size > crowd.size) [address, crowd] = [name, same];
    const [longest] = idle.get(address) ?? [];
    const [oldest = newcomer] = crowd;
    const leaves = longest !== undefined && longest !== newcomer ? longest : crowd.has(newcomer) ? newcomer : oldest;
    drop(leaves);
    // It is gone for the next newcomer, too, who may come before its end is told.
    held.get(address)?.delete(leaves);
    leaves.destroy();
  };

  server.on('connection', (socket) => {
    open += 1;
    const address = netOf(socket.remoteAddress ?? '');
    addresses.set(socket, address);
    const end = farEndOf(socket);
    lines.set(end, socket);
    held.set(address, (held.get(address) ?? new Set()).add(socket));
    rest(socket);
    socket.once('close', () => {
      open -= 1;
      serving.delete(socket);
      if (lines.get(end) === socket) lines.delete(end);
      drop(socket);
      const same = held.get(address);
      same?.delete(socket);
      if (same?.size === 0) held.delete(address);
    });
    if (open > max) makeRoom(socket);
  });
  server.on('upgrade', (_request, socket: Socket) =>
    drop(addresses.has(socket) ? socket : (lines.get(farEndOf(socket)) ?? socket)),
  );

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

function farEndOf({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress} ${remotePort}`;
}
