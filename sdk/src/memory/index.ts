export {
  BestRows,
  hasBit,
  memoryVectors,
  type LabelledRow,
  type RowHit,
  type RowIndex,
  type VectorMemory,
} from './vectors.js';
export { bareEntry, createMemoryStore, itemKey, type MemoryStore, type MemoryStoreOptions } from './store.js';
export { createMemoryCatalogue } from './catalogue.js';
export { createMemoryKeyed } from './keyed.js';
export { createMemoryText } from './text.js';
export { createManualClock, type ManualClock, type ManualClockOptions } from './clock.js';
export { createLoopback, createTransportPair, type Loopback, type LoopbackOptions, type Passage } from './transport.js';
