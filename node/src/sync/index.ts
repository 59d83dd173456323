export { peerAddress } from './address.js';
export { syncLimits, type SyncLimits } from './limits.js';
export { createPeers, type Peers, type PeersOptions } from './peers.js';
export { peersFile, type PeerList } from './peers-file.js';
