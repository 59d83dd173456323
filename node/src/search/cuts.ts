import { cutText, equalTerms, type CutText } from './cut-texts.js';
import type { QuestionTerms } from './excerpt.js';
import type { Gathered } from './gather.js';
import type { HitRow } from './hit-reader.js';
import type { Plan } from './plan.js';

/** Characters of passages that are cut into words for one answer; hits beyond have no excerpt. */
const CUT_CHARS = 1024 * 1024;

/** Passages by their words, each cut once in a search; only where a question in words was asked. */
export class Cuts {
  private leftChars = CUT_CHARS;
  private readonly cuts = new Map<HitRow, CutText>();
  private terms: QuestionTerms | undefined;

  constructor(private readonly plan: Plan) {}

  of(hit: HitRow): CutText | undefined {
    if (this.plan.asked === undefined || hit.passage === undefined) return undefined;
    const known = this.cuts.get(hit);
    if (known !== undefined || this.leftChars <= 0) return known;
    this.leftChars -= hit.passage.length;
    const cut = cutText(hit.heading, hit.passage);
    this.cuts.set(hit, cut);
    return cut;
  }

  termsOf({ terms }: Gathered): QuestionTerms | undefined {
    if (this.plan.asked === undefined) return undefined;
    return (this.terms ??= terms === undefined ? equalTerms(this.plan.asked) : new Map(terms));
  }
}
