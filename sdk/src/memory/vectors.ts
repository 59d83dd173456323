import type { Cursor } from '../ports/index.js';
import type { SpaceDescriptor } from '../space/descriptor.js';

export interface LabelledRow {
  readonly label: number;
  /** `dims` numbers; owned by the index after the call. */
  readonly vector: Float32Array;
}

export interface RowHit {
  readonly label: number;
  /** Exact cosine (or the space's own similarity), highest first. */
  readonly score: number;
}

/** Rows of one space: what `indexSuite` asks of the rows in memory and of a node's. */
export interface RowIndex {
  readonly space: SpaceDescriptor;
  /** Visible when resolved; `upTo` is the store position these rows reach. A known label is replaced. */
  upsert(rows: readonly LabelledRow[], upTo: Cursor): Promise<void>;
  remove(labels: readonly number[], upTo: Cursor): Promise<void>;
  /** At most k, best first; `allow`: bitset over labels. k = 0 answers []. */
  search(query: Float32Array, k: number, allow?: Uint8Array): Promise<RowHit[]>;
  /** Durably covered position; saved atomically with the data. */
  position(): Promise<Cursor>;
  save(): Promise<void>;
  close(): Promise<void>;
}

/** What a memory index keeps when it saves; hand the same object to the next one to reopen it. */
export interface VectorMemory {
  saved?: { readonly position: Cursor; readonly rows: ReadonlyMap<number, Float32Array> };
}

/**
 * Exact search over rows in memory: the oracle for every other index, and all that a browser or a small space needs.
 * Cosine in double precision over float32 rows; spaces of metric `dot` without unit rows score by the inner product,
 * hamming spaces by the cosine of their ±1 rows, which is 1 − 2 · distance ∕ dims. Ties: lowest label first.
 */
export function memoryVectors(space: SpaceDescriptor, memory: VectorMemory = {}): RowIndex {
  const rows = new Map<number, Float32Array>(memory.saved?.rows);
  let position: Cursor = memory.saved?.position ?? { epoch: '', seq: 0 };
  let durable = position;
  const byProduct = space.metric === 'dot' && !space.normalized;

  return {
    space,
    upsert: async (added: readonly LabelledRow[], upTo) => {
      for (const { label, vector } of added) {
        if (vector.length !== space.dims)
          throw new RangeError(`row ${label} has ${vector.length} numbers, the space ${space.dims}`);
        rows.set(label, vector);
      }
      position = upTo;
    },
    remove: async (labels, upTo) => {
      for (const label of labels) rows.delete(label);
      position = upTo;
    },
    search: async (query, k, allow) => {
      if (query.length !== space.dims)
        throw new RangeError(`query has ${query.length} numbers, the space ${space.dims}`);
      const best = new BestRows(k);
      const scale = byProduct ? 1 : inverseLength(query);
      for (const [label, row] of rows) {
        if (allow !== undefined && !hasBit(allow, label)) continue;
        best.offer(label, product(query, row) * scale * (byProduct ? 1 : inverseLength(row)));
      }
      return best.take();
    },
    position: async () => durable,
    save: async () => {
      memory.saved = { position, rows: new Map(rows) };
      durable = position;
    },
    close: async () => rows.clear(),
  };
}

/** Bit `label` of a bitset, least significant bit of each byte first; beyond its end: not set. */
export function hasBit(bits: Uint8Array, label: number): boolean {
  return ((bits[label >> 3] ?? 0) & (1 << (label & 7))) !== 0;
}

/** Keeps the k best of what is offered: highest score first, then lowest label. */
export class BestRows {
  private readonly hits: RowHit[] = [];
  constructor(private readonly k: number) {}

  offer(label: number, score: number): void {
    const { hits, k } = this;
    if (k <= 0 || (hits.length === k && !comesBefore(score, label, hits[k - 1]!))) return;
    let low = 0;
    let high = hits.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (comesBefore(score, label, hits[middle]!)) high = middle;
      else low = middle + 1;
    }
    hits.splice(low, 0, { label, score });
    if (hits.length > k) hits.pop();
  }

  /** The worst score that still counts, −Infinity while there is room. */
  get floor(): number {
    return this.hits.length < this.k ? -Infinity : this.hits[this.k - 1]!.score;
  }

  take(): RowHit[] {
    return this.hits;
  }
}

function comesBefore(score: number, label: number, hit: RowHit): boolean {
  return score > hit.score || (score === hit.score && label < hit.label);
}

function product(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}

function inverseLength(vector: Float32Array): number {
  const squares = product(vector, vector);
  return squares === 0 ? 0 : 1 / Math.sqrt(squares);
}
