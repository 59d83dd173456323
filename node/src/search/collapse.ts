import {
  contentOf,
  cosine,
  toUnit,
  unpackRow,
  type BlockId,
  type BlockStore,
  type Registry,
} from '@cosmicembeddings/sdk';
import { spendBlock, spendProducts, type PageBudget } from './budget.js';
import type { CutText } from './cut-texts.js';
import type { Scored } from './fusion.js';
import type { HitRow } from './hit-reader.js';

/** With `collapse: true`, rows this much alike are one thing said twice. */
export const duplicateCosine = 0.97;
/** Of the different words of two texts, so many are in both: a copy with a word changed. */
const copyShare = 0.85;
const copyWordsMin = 8;
/** Hits that others are compared with word by word: the first ones, which are seen. */
const COMPARED_MAX = 100;

/** What comparing two texts by their words costs, in numbers that are multiplied. */
const PER_TEXT = 64;
/** Memory for rows of blocks that were read. */
const ROWS_MAX_BYTES = 16 * 1024 * 1024;

type Rows = NonNullable<ReturnType<typeof contentOf>['vectors']>;

interface Group {
  readonly label: number;
  readonly space?: string;
  readonly vector?: Float32Array;
  readonly cut?: CutText;
  readonly numbers?: string;
  /** How much of the question the hit that leads holds. */
  readonly coverage: number;
  first: { readonly hit: HitRow; readonly scored: Scored };
  count: number;
}

/**
 * Folds copies: of equal or nearly equal texts, or of rows that the index found nearly equal, the one that was here first
 * is shown, unless it lacks a word that was asked for and the best of them has. With `byVectors`, rows that are only near too, for which blocks are read.
 */
export class Collapser {
  private readonly groups: Group[] = [];
  private readonly byLead = new Map<string, Group>();
  private readonly byLabel = new Map<number, Group>();
  private echo: Group | undefined;
  private readonly byPassage = new Map<string, Group>();
  /** Rows of blocks that were read, as they are stored: many of one block are often near each other. */
  private readonly rowsOf = new Map<string, Rows | undefined>();
  private rowBytes = 0;

  constructor(
    private readonly store: Pick<BlockStore, 'get'>,
    private readonly registry: Registry,
    private readonly budget: PageBudget,
    private readonly byVectors: boolean,
    private readonly cut: (hit: HitRow) => CutText | undefined,
    /** Does the text say the question back? All that do are copies: of the question. */
    private readonly isEcho: (cut: CutText) => boolean,
    /** How much of the question's words a text holds. */
    private readonly coverage: (cut: CutText) => number,
  ) {}

  /** Takes the next hit of a ranking; true when it belongs to one that came before. */
  folds(hit: HitRow, scored: Scored): boolean | Promise<boolean> {
    return this.byVectors
      ? this.vectorOf(hit).then((vector) => this.foldsWith(hit, scored, vector))
      : this.foldsWith(hit, scored, undefined);
  }

  private foldsWith(hit: HitRow, scored: Scored, vector: Float32Array | undefined): boolean {
    const cut = this.cut(hit);
    const numbers = hit.passage === undefined ? undefined : (hit.passage.match(/\d+/g) ?? []).join(' ');
    const isEcho = !this.byVectors && cut !== undefined && this.isEcho(cut);
    const near = scored.copyOf === undefined ? undefined : this.byLabel.get(scored.copyOf);
    // Records of one form differ by their numbers, and neither vectors nor words say much of these.
    const isCopy = (one: Group): boolean =>
      this.byVectors || one.numbers === undefined || numbers === undefined || one.numbers === numbers;
    const copied =
      isEcho && this.echo !== undefined ? this.echo : near !== undefined && isCopy(near) ? near : undefined;
    const compared = this.byVectors ? this.groups.length : Math.min(COMPARED_MAX, this.groups.length);
    spendProducts(this.budget, compared * ((vector?.length ?? 0) + (cut === undefined ? 0 : PER_TEXT)));
    const group =
      copied ??
      (hit.passage === undefined ? undefined : this.byPassage.get(hit.passage)) ??
      this.groups
        .slice(0, this.byVectors ? Infinity : COMPARED_MAX)
        .find((one) => isCopy(one) && isAlike(one, hit, vector, cut));
    if (group === undefined) {
      const added: Group = {
        label: scored.label,
        ...(hit.space === undefined ? {} : { space: hit.space }),
        ...(vector === undefined ? {} : { vector }),
        ...(cut === undefined ? {} : { cut }),
        ...(numbers === undefined ? {} : { numbers }),
        coverage: cut === undefined ? 0 : this.coverage(cut),
        first: { hit, scored },
        count: 0,
      };
      this.groups.push(added);
      if (isEcho) this.echo = added;
      this.byLead.set(nameOf(hit), added);
      if (scored.label >= 0) this.byLabel.set(scored.label, added);
      if (hit.passage !== undefined) this.byPassage.set(hit.passage, added);
      return false;
    }
    group.count++;
    if (scored.label >= 0) this.byLabel.set(scored.label, group);
    const holds = cut === undefined ? 0 : this.coverage(cut);
    if (isEarlier(hit, group.first.hit) && holds >= group.coverage) group.first = { hit, scored };
    return true;
  }

  /** The hits that led their groups, replaced by who was first, with the number of those folded in. */
  settle<T extends { readonly hit: HitRow; readonly scored: Scored }>(
    rows: readonly T[],
  ): (T & { readonly duplicates?: number })[] {
    return rows.map((row) => {
      const group = this.byLead.get(nameOf(row.hit));
      return group === undefined || group.count === 0 ? row : { ...row, ...group.first, duplicates: group.count };
    });
  }

  private async vectorOf({ id, row }: HitRow): Promise<Float32Array | undefined> {
    if (!this.rowsOf.has(id)) await this.readRows(id);
    const rows = this.rowsOf.get(id);
    return rows === undefined || row >= rows.stored.rows
      ? undefined
      : toUnit(unpackRow(rows.stored, rows.space.dims, row));
  }

  private async readRows(id: BlockId): Promise<void> {
    const [block] = await this.store.get([id]);
    const vectors = block === undefined ? undefined : contentOf(block, this.registry).vectors;
    if (block !== undefined) spendBlock(this.budget, block.envelope.length + (block.body?.length ?? 0));
    // A copy: the rows are a small part of a block that would stay in memory with them.
    const rows = vectors && { ...vectors, stored: { ...vectors.stored, bytes: vectors.stored.bytes.slice() } };
    this.rowsOf.set(id, rows);
    this.rowBytes += rows?.stored.bytes.length ?? 0;
    for (const [other, { stored } = { stored: undefined }] of this.rowsOf) {
      if (this.rowBytes <= ROWS_MAX_BYTES || other === id) break;
      this.rowsOf.delete(other);
      this.rowBytes -= stored?.bytes.length ?? 0;
    }
  }
}

function isAlike(group: Group, hit: HitRow, vector: Float32Array | undefined, cut: CutText | undefined): boolean {
  if (group.cut !== undefined && cut !== undefined && areCopies(group.cut.terms, cut.terms)) return true;
  return (
    group.space === hit.space &&
    group.vector !== undefined &&
    vector !== undefined &&
    cosine(group.vector, vector) >= duplicateCosine
  );
}

function areCopies(a: ReadonlySet<string>, b: ReadonlySet<string>): boolean {
  const [small, large] = a.size < b.size ? [a, b] : [b, a];
  if (small.size < copyWordsMin || small.size < copyShare * large.size) return false;
  let shared = 0;
  for (const term of small) if (large.has(term)) shared++;
  return shared >= copyShare * (a.size + b.size - shared);
}

function isEarlier(a: HitRow, b: HitRow): boolean {
  return a.firstSeenMs < b.firstSeenMs || (a.firstSeenMs === b.firstSeenMs && a.seq < b.seq);
}

function nameOf({ id, row }: HitRow): string {
  return `${id} ${row}`;
}
