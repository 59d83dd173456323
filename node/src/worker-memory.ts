/**
 * Room for new objects in each worker's heap, in megabytes. The default, 48 of them a worker, is what a program needs that
 * allocates all the time; half a dozen workers would hold it for nothing.
 */
export const workerMemory = { maxYoungGenerationSizeMb: 12 } as const;
