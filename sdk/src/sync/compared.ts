import { WORK } from './frame-work.js';
import { frameLimits } from './frames.js';
import type { ItemSet } from './item-set.js';
import { createReconciler, type Reconciler } from './negentropy.js';
import type { Ask } from './comparing.js';
import { SKETCH_CELLS, type Sketch } from './sketch.js';
import { guarded, type Line } from './wishes.js';

/** The comparison that the other side leads: answers its messages from the set as it was when it began. */
export class Compared {
  private answering: { reconciler?: Reconciler; message?: Uint8Array } | undefined;
  /** The table that the other side asks for, and what it asks of it. */
  private showing: { sketch?: Sketch; asked?: Ask } | undefined;

  constructor(
    private readonly line: Line,
    /** The host keeps a sketch, and whole sets are compared. */
    private readonly sketches: () => boolean,
    /** Only what both sides keep is compared. */
    private readonly part: () => boolean,
  ) {}

  stop(): void {
    this.answering = this.showing = undefined;
  }

  /** The items that were wished for. */
  items(items: ItemSet, sketch: Sketch | undefined): void {
    const { answering } = this;
    if (answering !== undefined && answering.reconciler === undefined) {
      answering.reconciler = createReconciler(items, { frameLimit: frameLimits.reconcileBytes });
      this.answer();
    }
    const { showing } = this;
    if (showing !== undefined && showing.sketch === undefined) {
      if (sketch === undefined) return this.line.fail('peer.protocol', 'no sketch is kept here');
      showing.sketch = sketch.snapshot();
      this.show();
    }
  }

  /** A message, range by range. One at a time. */
  asked(message: Uint8Array): void {
    if (this.answering?.message !== undefined)
      return this.line.fail('peer.protocol', 'reconcile before the last one was answered');
    if (this.answering === undefined) {
      this.answering = {};
      this.begin();
    }
    // The frame's memory belongs to the transport once this call is over.
    this.answering.message = message.slice();
    if (this.answering.reconciler !== undefined) this.answer();
  }

  askedForCells(asked: Ask): void {
    if (!this.sketches()) return this.line.fail('peer.protocol', 'no sketch is kept here');
    if (asked.from + asked.cells + asked.counts > SKETCH_CELLS)
      return this.line.fail('peer.protocol', 'cells beyond the sketch');
    // A new comparison begins with the first cell.
    if (asked.from === 0 || this.showing === undefined) {
      this.showing = { asked };
      return this.begin();
    }
    this.showing.asked = asked;
    if (this.showing.sketch !== undefined) this.show();
  }

  private begin(): void {
    this.line.charge(WORK.begin);
    this.line.wish({ type: 'items', part: this.part() });
  }

  private answer(): void {
    const { reconciler, message } = this.answering!;
    delete this.answering!.message;
    const step = guarded(this.line, () => reconciler!.step(message!));
    if (step === undefined) return;
    this.line.charge(step.reply!.length);
    this.line.send({ type: 'reconciled', message: step.reply! });
  }

  private show(): void {
    const { sketch, asked } = this.showing!;
    const { from, cells, counts } = asked!;
    delete this.showing!.asked;
    const sent = sketch!.bytes(from, from + cells);
    this.line.charge(sent.length);
    this.line.send({
      type: 'symbols',
      size: sketch!.size,
      cells: sent,
      counts: sketch!.countBytes(from + cells, from + cells + counts),
    });
  }
}
