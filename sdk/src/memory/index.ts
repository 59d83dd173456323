export { BestRows, hasBit, memoryVectors, type VectorMemory } from './vectors.js';
