export { compareItems, createItemSet, ID_BYTES, type ItemSet } from './item-set.js';
export { createReconciler, FRAME_LIMIT_MIN, type Reconciler, type ReconcilerOptions, type Step } from './negentropy.js';
export { NegentropyError } from './negentropy-message.js';
