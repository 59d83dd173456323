export { openMatcher, type Matcher } from './matcher.js';
export { createWatches, watchLimits, type Watches } from './watches.js';
