import { contentOf, cosine, toUnit, unpackRow, type BlockStore, type Registry } from '@cosmicembeddings/sdk';
import type { PageBudget } from './budget.js';
import type { Scored } from './fusion.js';
import type { HitRow } from './hit-reader.js';

/** Rows this much alike are one thing said twice. */
export const duplicateCosine = 0.97;

interface Group {
  readonly space?: string;
  readonly vector?: Float32Array;
  readonly passage?: string;
  first: { readonly hit: HitRow; readonly scored: Scored };
  count: number;
}

/** Folds near-duplicates: of rows that are nearly equal, or of equal texts, the one that was here first is shown. */
export class Collapser {
  private readonly groups: Group[] = [];
  private readonly byLead = new Map<string, Group>();

  constructor(
    private readonly store: Pick<BlockStore, 'get'>,
    private readonly registry: Registry,
    private readonly budget: PageBudget,
  ) {}

  /** Takes the next hit of a ranking; true when it belongs to one that came before. */
  async folds(hit: HitRow, scored: Scored): Promise<boolean> {
    const vector = await this.vectorOf(hit);
    this.budget.products -= this.groups.length * (vector?.length ?? 0);
    const group = this.groups.find((one) => isAlike(one, hit, vector));
    if (group === undefined) {
      const added: Group = {
        ...(hit.space === undefined ? {} : { space: hit.space }),
        ...(vector === undefined ? {} : { vector }),
        ...(hit.passage === undefined ? {} : { passage: hit.passage }),
        first: { hit, scored },
        count: 0,
      };
      this.groups.push(added);
      this.byLead.set(nameOf(hit), added);
      return false;
    }
    group.count++;
    if (isEarlier(hit, group.first.hit)) group.first = { hit, scored };
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
    const [block] = await this.store.get([id]);
    const vectors = block === undefined ? undefined : contentOf(block, this.registry).vectors;
    this.budget.blockBytes -= block?.body?.length ?? block?.envelope.length ?? 0;
    return vectors === undefined || row >= vectors.stored.rows
      ? undefined
      : toUnit(unpackRow(vectors.stored, vectors.space.dims, row));
  }
}

function isAlike(group: Group, hit: HitRow, vector: Float32Array | undefined): boolean {
  if (group.passage !== undefined && group.passage === hit.passage) return true;
  return (
    group.space === hit.space &&
    group.vector !== undefined &&
    vector !== undefined &&
    cosine(group.vector, vector) >= duplicateCosine
  );
}

function isEarlier(a: HitRow, b: HitRow): boolean {
  return a.firstSeenMs < b.firstSeenMs || (a.firstSeenMs === b.firstSeenMs && a.seq < b.seq);
}

function nameOf({ id, row }: HitRow): string {
  return `${id} ${row}`;
}
