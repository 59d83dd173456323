export { createMemory } from './memory.js';
export { openOn, type Platform } from './open.js';
export type { MemoryParts } from './parts.js';
export { PartialError } from './remember.js';
export type * from './types.js';
