/** How followers work: how much at a time, how often, how long at a stretch. `give-way.ts`: how they rest while the door is busy. */

/** Items that are taken in one step, unless the follower says otherwise. */
export const BATCH = 256;
/** How often the store is looked at where no hint came. */
export const LOOK_EVERY_MS = 500;
/** Who gives way looks so often whether others are done. */
export const REST_LOOK_MS = 20;
/** After so long at a stretch others on the thread come first. */
export const SLICE_MS = 40;
/** Rest after a step that failed. */
export const AFTER_FAULT_MS = 1000;
/** A failure is the one item's that was taken when it has come so often; until then the fault may lie elsewhere and pass. */
export const TRIES = 3;
