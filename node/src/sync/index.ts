export { peerAddress } from './address.js';
export { configuredAddress, parsePeerRules, peerRulesSchema, type PeerRules } from './rules.js';
export { startReceipts } from './receipts.js';
export { syncLimits, type SyncLimits } from './limits.js';
export { createPeers, type Banned, type Identity, type Peers, type PeersOptions } from './peers.js';
export { peersFile, type PeerList } from './peers-file.js';
export type { FeedFile, FeedPlace } from './bootstrap.js';
