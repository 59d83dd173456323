export { BestRows, hasBit, memoryVectors, type VectorMemory } from './vectors.js';
export { bareEntry, createMemoryStore, itemKey, type MemoryStore, type MemoryStoreOptions } from './store.js';
export { createMemoryCatalogue } from './catalogue.js';
export { createMemoryKeyed } from './keyed.js';
export { createMemoryText } from './text.js';
export { readQuery, readWords, wordsIn, type Word, type WordQuery } from './words.js';
export { createManualClock, type ManualClock, type ManualClockOptions } from './clock.js';
export { createLoopback, createTransportPair, type Loopback, type LoopbackOptions, type Passage } from './transport.js';
