import { lookup, type LookupAddress, type LookupOptions } from 'node:dns';
import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { TLSSocket } from 'node:tls';
import { WebSocket, WebSocketServer } from 'ws';
import { CosmicError, type Network, type Remote, type Transport } from '@cosmicembeddings/sdk';
import { frameLimits, SUBPROTOCOL } from '@cosmicembeddings/sdk/sync';
import { refuse } from './refuse.js';
import { channelOf, didOfCertificate } from './certificate.js';
import { WebSocketTransport, type TransportTiming } from './transport.js';

export interface WebSocketNetworkOptions {
  /** Path at which peers connect, both ways. */
  readonly path: string;
  /** Largest message read. */
  readonly frameMaxBytes?: number;
  onDefect?(error: unknown): void;
  /** The HTTP status with which a request is refused before it is looked at: not for this node, or not from whom may. */
  refusalOf?(request: IncomingMessage): number | undefined;
  /** The API key to show to the peer at an address. */
  keyFor?(address: string): string | undefined;
  /** May this IP address be connected to? Asked once a name has been resolved. */
  mayReach?(ip: string): boolean;
  readonly timing?: Partial<TransportTiming & { readonly handshakeMs: number }>;
  /** What else is served by upgrades of the same server. */
  readonly others?: readonly Upgrades[];
}

/** Serves upgrades at a path of its own. */
export interface Upgrades {
  readonly path: string;
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void;
}

export interface WebSocketNetwork extends Network {
  /** Serves peers at `path` of this server, and unless told otherwise what else is upgraded; the server stays its owner’s. */
  attach(server: Server, served?: 'all' | 'peers'): void;
}

/** Connections that nobody has taken from `accept()` yet. */
const PENDING_MAX = 64;

/** `Network` over WebSocket: dials `ws:` and `wss:` addresses, serves peers on an HTTP server that it is given. */
export function createWebSocketNetwork(options: WebSocketNetworkOptions): WebSocketNetwork {
  const timing = { pingMs: 20_000, closeMs: 2_000, handshakeMs: 10_000, ...options.timing };
  const maxPayload = options.frameMaxBytes ?? frameLimits.frameBytes;
  const server = new WebSocketServer({
    noServer: true,
    perMessageDeflate: false,
    maxPayload,
    handleProtocols: () => SUBPROTOCOL,
  });
  const open = new Set<WebSocketTransport>();
  const pending: Transport[] = [];
  const detach: (() => void)[] = [];
  let wake: (() => void) | undefined;
  let closed = false;

  const track = (socket: WebSocket, remote: Remote): WebSocketTransport => {
    const transport = new WebSocketTransport(socket, remote, timing);
    open.add(transport);
    socket.once('close', () => open.delete(transport));
    return transport;
  };

  const upgrade = (request: IncomingMessage, socket: Duplex, head: Buffer, served: 'all' | 'peers'): void => {
    const other =
      served === 'peers' ? undefined : options.others?.find(({ path }) => path === request.url?.split('?', 1)[0]);
    if (other !== undefined) return other.upgrade(request, socket, head);
    const status = options.refusalOf?.(request) ?? refusalOf(request, options.path);
    const full = closed || pending.length >= PENDING_MAX;
    if (status !== undefined || full) return refuse(socket, status ?? 503);
    server.handleUpgrade(request, socket, head, (ws) => {
      const { remoteAddress, remotePort, localAddress, localPort } = request.socket;
      const [address, local] = [placeOf(remoteAddress, remotePort), placeOf(localAddress, localPort)];
      const channel = request.socket instanceof TLSSocket ? { channel: channelOf(request.socket) } : {};
      pending.push(track(ws, { address, direction: 'in', local, ...channel }));
      wake?.();
    });
  };

  return {
    attach: (http, served = 'all') => {
      const attend = (request: IncomingMessage, socket: Duplex, head: Buffer): void => {
        try {
          upgrade(request, socket, head, served);
        } catch (error) {
          // Whatever a stranger wrote, it ends this connection and nothing else.
          options.onDefect?.(error);
          refuse(socket, 500);
        }
      };
      http.on('upgrade', attend);
      detach.push(() => http.off('upgrade', attend));
    },
    dial: async (target, signal) => {
      const [address = '', expects] = target.split('#');
      signal?.throwIfAborted();
      if (closed) throw new CosmicError('node.stopping', 'network is closed');
      const key = options.keyFor?.(address);
      // A certificate that nobody vouches for will do where the key is known beforehand: the proofs then cover the connection.
      // Never where something secret is said before that.
      const byKey = expects !== undefined && key === undefined && address.startsWith('wss:');
      const socket = new WebSocket(address, SUBPROTOCOL, {
        rejectUnauthorized: !byKey,
        minVersion: 'TLSv1.3',
        perMessageDeflate: false,
        maxPayload,
        handshakeTimeout: timing.handshakeMs,
        followRedirects: false,
        ...(options.mayReach === undefined ? {} : { lookup: lookupAmong(options.mayReach) }),
        ...(key === undefined ? {} : { headers: { authorization: `Bearer ${key}` } }),
      });
      const abort = (): void => socket.terminate();
      signal?.addEventListener('abort', abort, { once: true });
      try {
        // Tracked before it opens: frames that come along with the handshake's answer are not lost.
        const remote = { address, direction: 'out' as const };
        const transport = track(socket, remote);
        const line = lineOf(socket);
        await opened(socket, address);
        if (byKey) Object.assign(remote, boundTo(expects, await line, address));
        signal?.throwIfAborted();
        return transport;
      } finally {
        signal?.removeEventListener('abort', abort);
      }
    },
    accept: async function* () {
      while (!closed) {
        const transport = pending.shift();
        if (transport !== undefined) yield transport;
        else
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
      }
    },
    close: async () => {
      closed = true;
      wake?.();
      for (const off of detach.splice(0)) off();
      await Promise.all([...open].map((transport) => transport.close(1001, 'node.stopping')));
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

/** `host:port`; an IPv4 address that came over an IPv6 socket as what it is. */
function placeOf(address = 'unknown', port = 0): string {
  const plain = address.replace(/^::ffff:(?=\d+\.)/, '');
  return `${plain.includes(':') ? `[${plain}]` : plain}:${port}`;
}

/** The HTTP status that answers an upgrade which is not for us, or not from a node. */
function refusalOf(request: IncomingMessage, path: string): number | undefined {
  // The target as it was sent: `new URL` throws on some of what a stranger may write there (`//[`).
  if (request.url?.split('?', 1)[0] !== path) return 404;
  // Nodes send no Origin. A browser does: a web page must not speak to a node on the reader's machine.
  if (request.headers.origin !== undefined) return 403;
  const offered = (request.headers['sec-websocket-protocol'] ?? '').split(',').map((name) => name.trim());
  return offered.includes(SUBPROTOCOL) ? undefined : 426;
}

/** The connection below; there as soon as the other side agrees to be a WebSocket. */
function lineOf(socket: WebSocket): Promise<Duplex> {
  return new Promise((resolve) => socket.once('upgrade', ({ socket: line }) => resolve(line)));
}

/** What the proofs have to cover. @throws CosmicError peer.unproven */
function boundTo(expects: string, line: Duplex, address: string): { readonly channel?: Uint8Array } {
  if (!(line instanceof TLSSocket) || line.authorized) return {};
  if (didOfCertificate(line) === expects) return { channel: channelOf(line) };
  line.destroy();
  const why = String(line.authorizationError);
  throw new CosmicError('peer.unproven', `${address}: ${why}, and the certificate is not of the key that is expected`);
}

type Found = (error: NodeJS.ErrnoException | null, address: string | LookupAddress[], family?: number) => void;

/** Resolves names, and leaves out addresses that may not be connected to: what was looked at is what is connected. */
function lookupAmong(mayReach: (ip: string) => boolean) {
  return (host: string, how: LookupOptions, found: Found): void =>
    lookup(host, { ...how, all: true }, (error, all) => {
      const allowed = error === null ? all.filter(({ address }) => mayReach(address)) : [];
      const [first] = allowed;
      if (error !== null) found(error, '');
      else if (first === undefined) found(new Error(`${host} is nowhere that may be dialled by hearsay`), '');
      else if (how.all === true) found(null, allowed);
      else found(null, first.address, first.family);
    });
}

function opened(socket: WebSocket, address: string): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.once('open', resolve);
    socket.once('error', (cause) =>
      reject(new CosmicError('node.unreachable', `${address}: ${cause.message}`, { cause })),
    );
    socket.once('close', () => reject(new CosmicError('node.unreachable', `${address}: closed while connecting`)));
  });
}

export { createTextSockets, type TextSocket, type TextSockets } from './text-sockets.js';
