import type { SearchRequest } from '@cosmicembeddings/sdk';
import type { CutText } from './cut-texts.js';
import { placesOf } from './author-share.js';
import { coverageOf, type QuestionTerms } from './excerpt.js';
import type { HitRow } from './hit-reader.js';

/** Rows that nothing vouches for get so many times their share of the space's rows, and a place of ten at least. */
const SILENT_FACTOR = 2;
const SILENT_LEAST = 0.1;
/** Of a ledger of fewer blocks there is too little to tell a question said back from a note that was looked for. */
const BLOCKS_MIN = 100;
/** Who holds this share of the blocks here has written more than a page of attack costs. */
const STANDING_SHARE = 0.01;
const STANDING_MIN = 20;

/** A question of so many different words: shorter ones are in honest texts as a whole, and longer ones are passages. */
const ECHO_TERMS_MIN = 8;
const ECHO_TERMS_MAX = 40;
/** People's questions and the texts that answer them share about half. */
const ECHO_COVERAGE = 0.85;
/** Of honest hits one in twenty holds so much of a long question: strangers' texts that do get a fifth of the page. */
const NEAR_COVERAGE = 0.7;

/** Is the question one that nobody's text says back by chance? */
export function isLong(terms: { readonly size: number }): boolean {
  return terms.size >= ECHO_TERMS_MIN;
}

/** Does a text say a long question back? What is stuffed with its words does, and hardly any text that answers it. */
export function isEcho(cut: CutText, terms: QuestionTerms): boolean {
  return isLong(terms) && (coverageOf(cut, terms) ?? 0) >= ECHO_COVERAGE;
}

export interface TurnsParts {
  /** Share of the rows of a space that carry no text, 0 to 1. */
  readonly silentShare: (space: string) => Promise<number>;
  /** Of the question; undefined where none was asked in words, nobody counted them, or it stands in quotes. */
  readonly terms: QuestionTerms | undefined;
  readonly cut: (hit: HitRow) => CutText | undefined;
  /** Blocks of an author here. */
  readonly blocksBy: (author: string) => Promise<number>;
  readonly blocks: () => Promise<number>;
}

/**
 * Hits that have to wait for others, since keys are free and anybody can make them. Rows whose text the author kept can be
 * any numbers: they get twice their share of the places. A text that says the question back tells nothing: it does not lead,
 * unless its author is somebody here. What waits is not dropped: it follows when others run out, else on the next page.
 */
export class Turns {
  private isOpen = false;
  private silent = 0;
  private near = 0;
  private readonly trusted: ReadonlySet<string>;
  private readonly somebody = new Map<string, Promise<boolean>>();

  constructor(
    private readonly request: Pick<SearchRequest, 'k' | 'unvouched' | 'trusted' | 'filter' | 'authorShare'>,
    private readonly parts: TurnsParts,
    /** Hits on the pages before. */
    private readonly before: number,
  ) {
    this.isOpen = request.filter?.authors !== undefined;
    this.trusted = new Set(request.trusted);
  }

  /** Others ran out. */
  open(): void {
    this.isOpen = true;
  }

  /** May it stand behind `placed` hits of this page? */
  isDue(hit: HitRow, placed: number): boolean | Promise<boolean> {
    if (this.isOpen || this.trusted.has(hit.author)) return true;
    if (isSilent(hit)) return this.isSilentDue(hit.space!, placed);
    const held = this.heldBy(hit);
    if (held < NEAR_COVERAGE) return true;
    const isDue = this.near < placesOf(this.request.k, 0) && (held < ECHO_COVERAGE || placed + this.before > 0);
    return this.hasStanding(hit.author).then((stands) => stands || isDue);
  }

  /** Hits that wait for the same are due together: what is due is the first of them. */
  whyItWaits(hit: HitRow): string {
    if (isSilent(hit)) return hit.space!;
    return this.heldBy(hit) < ECHO_COVERAGE ? 'near' : 'echo';
  }

  take(hit: HitRow): void {
    if (isSilent(hit)) this.silent++;
    else if (this.heldBy(hit) >= NEAR_COVERAGE) this.near++;
  }

  private async isSilentDue(space: string, placed: number): Promise<boolean> {
    if (this.request.unvouched === 'open') return true;
    const perPlace = Math.max(SILENT_LEAST, SILENT_FACTOR * (await this.parts.silentShare(space)));
    return perPlace >= 1 || this.silent + 1 <= perPlace * (placed + 1) + 1e-9;
  }

  /** How much of a long question a text holds; 0 of any other. */
  private heldBy(hit: HitRow): number {
    const { terms, cut } = this.parts;
    if (this.request.authorShare === 'open' || terms === undefined || terms.size > ECHO_TERMS_MAX || !isLong(terms))
      return 0;
    const words = cut(hit);
    return words === undefined ? 0 : (coverageOf(words, terms) ?? 0);
  }

  private hasStanding(author: string): Promise<boolean> {
    const known = this.somebody.get(author);
    if (known !== undefined) return known;
    const asked = this.askStanding(author);
    this.somebody.set(author, asked);
    return asked;
  }

  private async askStanding(author: string): Promise<boolean> {
    const all = await this.parts.blocks();
    return all < BLOCKS_MIN || (await this.parts.blocksBy(author)) >= Math.max(STANDING_MIN, STANDING_SHARE * all);
  }
}

/** Has the row no text that its vector could be that of? */
function isSilent({ space, passage }: HitRow): boolean {
  return space !== undefined && (passage === undefined || !/[\p{L}\p{N}\p{Extended_Pictographic}]/u.test(passage));
}
