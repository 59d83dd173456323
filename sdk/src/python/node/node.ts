import { randomUUID } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import type { Config } from '../config.js';
import { DiscoveryService } from './discovery-service.js';
import { loadConfig } from './files.js';
import type { NodeIdentity } from './node-identity.js';

export type { NodeIdentity } from './node-identity.js';

/** The Python `Node`: an identity and a list of peers found by broadcast. Our network nodes are `@cosmicembeddings/node`. */
export class Node {
  identity: NodeIdentity;
  readonly peers = new Map<string, NodeIdentity>();
  readonly discoveryService: DiscoveryService;

  constructor(readonly config: Config) {
    this.identity = {
      node_id: randomUUID(),
      public_key: config.get<string | null>('public_key') ?? '',
      address: config.get('node_address', 'localhost'),
      port: config.get('node_port', 8090),
      version: '0.1.0',
      capabilities: ['block_creation', 'validation', 'sync'],
      last_seen: Date.now() / 1000,
    };
    this.discoveryService = new DiscoveryService(config.get('discovery_port', 8091));
  }

  startDiscovery(): Promise<void> {
    return this.discoveryService.start(this.identity, (peer) =>
      this.addPeer({ ...peer, last_seen: Date.now() / 1000 }),
    );
  }

  stopDiscovery(): Promise<void> {
    return this.discoveryService.stop();
  }

  addPeer(peer: NodeIdentity): void {
    this.peers.set(peer.node_id, peer);
  }

  removePeer(peerId: string): void {
    this.peers.delete(peerId);
  }

  getPeers(): NodeIdentity[] {
    return [...this.peers.values()];
  }

  broadcastIdentity(): void {
    this.discoveryService.broadcastIdentity(this.identity);
  }

  toDict(): NodeIdentity {
    return { ...this.identity, capabilities: [...this.identity.capabilities] };
  }

  static fromDict(data: NodeIdentity): Node {
    const node = new Node(loadConfig());
    node.identity = { ...data };
    return node;
  }

  saveState(path: string): void {
    writeFileSync(path, JSON.stringify(this.toDict()) + '\n');
  }

  static loadState(path: string): Node {
    return Node.fromDict(JSON.parse(readFileSync(path, 'utf8')) as NodeIdentity);
  }
}
