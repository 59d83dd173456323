export {
  BlockFault,
  follow,
  readingBlock,
  type Followed,
  type FollowOptions,
  type Following,
  type Progress,
} from './follow.js';
export { beatOn, createSharedBeat, watchBeat, type Beat, type SharedBeat, type Working } from './alive.js';
export { followTogether, type Followers, type FollowerState } from './together.js';
export type { Trailing } from './trailing.js';
export { openFaults, type Fault, type FaultList } from './faults.js';
export { createLeisure, createPressure, isPressed, restAfter, type Pressure } from './give-way.js';
export { serveFollower, type FollowerPart, type FromFollower, type Serving } from './serve.js';
export { createHints } from './hints.js';
export { Waiters } from './waiters.js';
export { FollowerWorker, type FollowerWorkerOptions } from './worker.js';
