import { spanEndMs } from '../constants.js';
import type { FitBudget } from './fit-budget.js';
import { emptyFrame, type Frame } from './frame.js';
import { evaluateSegment, fitSegment, segmentBytes, segmentIndexOf } from './segment.js';

/** Fitted segments, the least recently used dropped first. */
export interface FrameCache {
  /** The frame at a moment, overwritten by the next call; undefined when the segment is not fitted (yet). */
  frame(timeMs: number): Frame | undefined;
  stats(): { readonly segments: number; readonly bytes: number; readonly fits: number };
}

/** The first miss in a stretch of time only marks it; the second fits it, if the budget allows. */
export function createFrameCache(segmentsMax: number, budget: FitBudget): FrameCache {
  const segments = new Map<number, Float64Array>();
  const missed = new Uint8Array(segmentIndexOf(spanEndMs) + 1);
  const frame = emptyFrame();
  let fits = 0;
  let last = -1;
  let lastSegment: Float64Array | undefined;

  function segment(index: number): Float64Array | undefined {
    budget.tick();
    if (index === last) return lastSegment;
    const known = segments.get(index);
    if (known === undefined) return fitted(index);
    segments.delete(index);
    segments.set(index, known);
    return remember(index, known);
  }

  function fitted(index: number): Float64Array | undefined {
    if (missed[index] === 0 || !budget.take()) {
      missed[index] = 1;
      return undefined;
    }
    missed[index] = 0;
    if (segments.size >= segmentsMax) segments.delete(segments.keys().next().value!);
    const fresh = fitSegment(index);
    fits++;
    segments.set(index, fresh);
    return remember(index, fresh);
  }

  function remember(index: number, found: Float64Array): Float64Array {
    last = index;
    return (lastSegment = found);
  }

  return {
    frame(timeMs) {
      const found = segment(segmentIndexOf(timeMs));
      if (found === undefined) return undefined;
      evaluateSegment(found, timeMs, frame);
      return frame;
    },
    stats: () => ({ segments: segments.size, bytes: segments.size * segmentBytes, fits }),
  };
}
