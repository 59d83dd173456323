export { createMemory } from './memory.js';
export { openOn, type Platform } from './open.js';
export type { MemoryParts, ReaderParts } from './parts.js';
export { createReader } from './reader.js';
export { PartialError } from './remember.js';
export type * from './types.js';
