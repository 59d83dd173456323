export { createClient, type BannedPeer, type ClientOptions, type NodeClient } from './client.js';
export { verifyHit, type HitVerification } from './verify-hit.js';
