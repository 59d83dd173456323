import { createSocket, type Socket } from 'node:dgram';
import type { NodeIdentity } from './node-identity.js';

const DATAGRAM_MAX_BYTES = 1024;

/**
 * The Python `DiscoveryService`: identities as JSON in UDP broadcasts on one port. A hint about addresses, nothing more:
 * anybody in the same network can send one.
 */
export class DiscoveryService {
  private socket: Socket | undefined;
  private timer: NodeJS.Timeout | undefined;

  constructor(
    readonly port = 8091,
    readonly broadcastIntervalMs = 5000,
    private readonly address = '255.255.255.255',
  ) {}

  /** Resolves when the socket listens. */
  start(identity: NodeIdentity, onNodeDiscovered: (node: NodeIdentity) => void): Promise<void> {
    const socket = createSocket({ type: 'udp4', reuseAddr: true });
    this.socket = socket;
    socket.on('message', (data) => {
      const found = data.length <= DATAGRAM_MAX_BYTES ? identityOf(data.toString('utf8')) : undefined;
      if (found !== undefined && found.node_id !== identity.node_id) onNodeDiscovered(found);
    });
    return new Promise((resolve, reject) => {
      socket.once('error', reject);
      socket.bind(this.port, () => {
        socket.off('error', reject);
        socket.on('error', () => undefined);
        socket.setBroadcast(true);
        this.broadcastIdentity(identity);
        this.timer = setInterval(() => this.broadcastIdentity(identity), this.broadcastIntervalMs);
        this.timer.unref();
        resolve();
      });
    });
  }

  stop(): Promise<void> {
    clearInterval(this.timer);
    const socket = this.socket;
    this.socket = undefined;
    return socket === undefined ? Promise.resolve() : new Promise((resolve) => socket.close(() => resolve()));
  }

  broadcastIdentity(identity: NodeIdentity): void {
    this.sendDirectMessage(identity, this.address, this.port);
  }

  sendDirectMessage(identity: NodeIdentity, address: string, port: number): void {
    this.socket?.send(JSON.stringify(identity), port, address, () => undefined);
  }
}

function identityOf(text: string): NodeIdentity | undefined {
  try {
    const value = JSON.parse(text) as NodeIdentity;
    const sound =
      typeof value.node_id === 'string' && typeof value.address === 'string' && Number.isInteger(value.port);
    return sound ? value : undefined;
  } catch {
    return undefined;
  }
}
