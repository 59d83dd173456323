import type { Frame } from './frames.js';

/**
 * What frames cost whoever takes them, in bytes of a reconciliation's message: a host slows down who causes much of it.
 * Blocks cost nothing here, the door weighs them.
 */
export const WORK = {
  /** Small talk: a ping each 30 s is all that is needed. */
  frame: 16 * 1024,
  /** A view of the whole set. */
  begin: 64 * 1024,
  /** A message of a reconciliation, beside its bytes. */
  message: 4 * 1024,
  ids: 64,
  /** Looked up among what is decided, wanted and known: some 5 µs. */
  id: 64,
} as const;

export function workOf(frame: Frame): number {
  switch (frame.type) {
    case 'reconcile':
    case 'reconciled':
      return WORK.message + frame.message.length;
    // Sixteen ranges to be found, and a hash of each; their items are charged besides.
    case 'equal':
      return WORK.frame;
    case 'sketch':
    case 'equals':
    case 'fed':
      return WORK.message;
    case 'feed':
    case 'relays':
      return WORK.begin;
    case 'symbols':
      return WORK.message + frame.cells.length;
    case 'have':
      return WORK.ids + WORK.id * frame.items.length;
    case 'want':
    case 'gone':
      return WORK.ids + WORK.id * frame.ids.length;
    case 'give':
      return frame.blocks.length === 0 ? WORK.frame : 0;
    default:
      return WORK.frame;
  }
}
