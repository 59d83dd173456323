export { compareItems, createItemSet, ID_BYTES, type ItemSet } from './item-set.js';
export { createReconciler, FRAME_LIMIT_MIN, type Reconciler, type ReconcilerOptions, type Step } from './negentropy.js';
export { NegentropyError } from './negentropy-message.js';
export {
  CLAIMING_VERSION,
  COVERAGE_FEATURE,
  decodeFrame,
  encodeFrame,
  EXCHANGE_FEATURE,
  FEED_FEATURE,
  frameLimits,
  PROTOCOL_VERSION,
  SKETCH_FEATURE,
  SUBPROTOCOL,
  type Frame,
  type Gap,
  type GapReason,
  type Hello,
  type PeerLimits,
  type Relaying,
} from './frames.js';
export { statementOf, type Proof, type Prover, type Role } from './proof.js';
export { digestKey, RecentSet } from './recent-set.js';
export { CELL_BYTES, Sketch, SKETCH_CELLS } from './sketch.js';
export { Session, type SessionOptions, type SessionTiming } from './session.js';
export type { Wish } from './wishes.js';
export { Wants } from './wants.js';
