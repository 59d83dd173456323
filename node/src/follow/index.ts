export { follow, type Followed, type FollowOptions, type Following, type Progress } from './follow.js';
export { beatOn, createSharedBeat, watchBeat, type Beat, type SharedBeat, type Working } from './beat.js';
export { createPressure, restAfter, type Pressure } from './give-way.js';
