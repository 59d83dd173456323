export {
  erasuresOf,
  eraseAndProve,
  eraseWhatWasBegun,
  keptFiles,
  noteForProof,
  resumeErasure,
  type EraseOptions,
  type EraseReport,
  type Phase,
} from './erase.js';
export { journalFolder, openJournal, type Erasure } from './journal.js';
export type { Proof, ProofLimits, Shared, Trace } from './prove.js';
