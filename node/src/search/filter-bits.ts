import type { BlockId, Catalogue, Filter, Head } from '@cosmicembeddings/sdk';
import { isEmpty, without } from './bits.js';

/** What may appear in an answer. */
export interface Allowed {
  /** Row labels; undefined: all of them. */
  readonly labels?: Uint8Array;
  /** Blocks without rows; undefined: all of them. */
  readonly rowless?: ReadonlySet<BlockId>;
  /** Rows that are left out one by one, where `labels` does not say so already. */
  readonly hidden?: Uint8Array;
}

/** Blocks without rows that a filter is followed for; more are left out of a filtered search for words. */
const ROWLESS_MAX = 10_000;
const KEPT_MAX_BYTES = 64 * 1024 * 1024;
/** An id and its place in a set; a character of a question. */
const ID_BYTES = 160;
const CHAR_BYTES = 2;

/** Turns filters into bitsets and remembers them while the store stands still. */
export class FilterBits {
  private readonly kept = new Map<string, Promise<Allowed>>();
  private readonly sizes = new Map<string, number>();
  private keptBytes = 0;
  private at = '';
  private hiddenWas: Uint8Array | undefined;
  private hiddenEmpty = true;

  constructor(
    private readonly catalogue: Pick<Catalogue, 'labels' | 'find'>,
    private readonly keptMaxBytes = KEPT_MAX_BYTES,
  ) {}

  /** What is remembered, the questions themselves included: anybody can ask long ones. */
  get heldBytes(): number {
    return this.keptBytes;
  }

  /** `hidden`: bitset to leave out, or undefined to show all. */
  async allowed(filter: Filter | undefined, hidden: Uint8Array | undefined, head: Head): Promise<Allowed> {
    const leaves = hidden !== undefined && !this.isEmpty(hidden) ? hidden : undefined;
    if (filter === undefined || Object.values(filter).every((condition) => condition === undefined))
      return leaves === undefined ? {} : { hidden: leaves };
    const found = await this.ofFilter(filter, head);
    return leaves === undefined || found.labels === undefined
      ? found
      : { ...found, labels: without(found.labels, leaves) };
  }

  private ofFilter(filter: Filter, head: Head): Promise<Allowed> {
    const at = `${head.epoch} ${head.seq}`;
    if (at !== this.at) {
      this.kept.clear();
      this.sizes.clear();
      this.keptBytes = 0;
      this.at = at;
    }
    const key = JSON.stringify(filter);
    const known = this.kept.get(key);
    if (known !== undefined) return known;
    const asked = this.ask(filter);
    this.kept.set(key, asked);
    asked.then(
      ({ labels, rowless }) => this.weigh(key, asked, (labels?.length ?? 0) + (rowless?.size ?? 0) * ID_BYTES),
      () => this.kept.get(key) === asked && this.kept.delete(key),
    );
    return asked;
  }

  private async ask(filter: Filter): Promise<Allowed> {
    const rowlessToo = filter.hasRows !== true && filter.spaces === undefined;
    const [labels, rowless] = await Promise.all([
      this.catalogue.labels(filter),
      rowlessToo ? this.catalogue.find({ ...filter, hasRows: false }, { limit: ROWLESS_MAX }) : { ids: [] },
    ]);
    // Shared memory crosses to the index's thread without a copy.
    const shared = new Uint8Array(new SharedArrayBuffer(labels.length));
    shared.set(labels);
    return { labels: shared, rowless: new Set(rowless.ids) };
  }

  private weigh(key: string, asked: Promise<Allowed>, foundBytes: number): void {
    // The store moved on meanwhile, and what was found is of before.
    if (this.kept.get(key) !== asked) return;
    const bytes = foundBytes + key.length * CHAR_BYTES;
    this.sizes.set(key, bytes);
    this.keptBytes += bytes;
    for (const [oldest, size] of this.sizes) {
      if (this.keptBytes <= this.keptMaxBytes) break;
      this.kept.delete(oldest);
      this.sizes.delete(oldest);
      this.keptBytes -= size;
    }
  }

  private isEmpty(hidden: Uint8Array): boolean {
    if (hidden !== this.hiddenWas) {
      this.hiddenWas = hidden;
      this.hiddenEmpty = isEmpty(hidden);
    }
    return this.hiddenEmpty;
  }
}
