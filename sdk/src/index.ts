export * from './block/index.js';
export * from './bytes.js';
export * from './codec/index.js';
export * from './crypto/index.js';
export * from './errors.js';
export * from './kinds/index.js';
export * from './limits.js';
export type * from './ports/index.js';
export * from './space/index.js';
