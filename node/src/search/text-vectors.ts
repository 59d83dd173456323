import { spaceIdOf, type Embedder } from '@cosmicembeddings/sdk';
import type { Scored } from './fusion.js';

/** Vectors of texts that were embedded here, the latest: 4,096 of 384 numbers are 6 MiB. */
const KEPT_MAX = 4096;
/** By so much a row's cosine may be above that of its text: precisions differ (siblings by up to .02). */
const tolerance = 0.1;
/** Who cut a long text elsewhere has another vector of it in all honesty, but still one of it. */
const toleranceCut = 0.3;
/** Texts embedded at a time. */
const AT_ONCE = 8;
/**
 * How long one search goes on doing so; what was not looked at stands as it is. The built-in embedder takes a few
 * milliseconds for all of them, but a machine may be busy, and then forged rows must not stand.
 */
export const lookMs = 400;

interface OwnVector {
  readonly vector: Float32Array;
  readonly tolerance: number;
}

export interface TextVectorsParts {
  /** Embedders that run in this process: what strangers wrote is sent to no service, and costs nobody money. */
  readonly embedders: () => Promise<readonly Embedder[]>;
  /** The passages of rows, in the same order; undefined where the author kept it. */
  readonly passages: (labels: readonly number[]) => Promise<readonly (string | undefined)[]>;
  readonly nowMs: () => number;
}

/**
 * Looks whether the rows that a question finds are those of their texts. An author can sign any numbers beside any text; a
 * node that has the space's embedder compares the question with the text itself, once embedded and kept, and a row that
 * claims to be nearer than its text is ranked by its text. A vector tells much of its text, so none outlives an erasure.
 */
export class TextVectors {
  private kept = new Map<number, OwnVector | null>();
  private stand = '';

  constructor(private readonly parts: TextVectorsParts) {}

  /**
   * What rows among `candidates` claim too much, by label: the cosine of question and text. `untilMs`: of the clock. `stand` is another one after
   * every erasure, and where labels are given anew: all that was kept is dropped then.
   */
  async overstated(
    candidates: readonly Scored[],
    queries: ReadonlyMap<string, Float32Array>,
    stand: string,
    untilMs: number,
    signal?: AbortSignal,
  ): Promise<ReadonlyMap<number, number>> {
    const found = new Map<number, number>();
    if (stand !== this.stand) [this.kept, this.stand] = [new Map(), stand];
    // A search that began before goes on with what was dropped, and leaves nothing in what is kept now.
    const { kept } = this;
    const embedders = new Map((await this.parts.embedders()).map((one) => [spaceIdOf(one.space), one]));
    const looked = candidates.filter(
      ({ label, space, cosine, computed }) =>
        label >= 0 && computed !== true && cosine !== undefined && space !== undefined && embedders.has(space),
    );
    await this.learn(looked, embedders, kept, untilMs, signal);
    for (const { label, space, cosine } of looked) {
      const own = kept.get(label);
      const query = queries.get(space!);
      if (own === undefined || own === null || query?.length !== own.vector.length) continue;
      const said = cosineOf(query, own.vector);
      if (cosine! - said > own.tolerance) found.set(label, said);
    }
    return found;
  }

  private async learn(
    candidates: readonly Scored[],
    embedders: ReadonlyMap<string, Embedder>,
    kept: Map<number, OwnVector | null>,
    untilMs: number,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    const open = candidates.filter(({ label }) => !kept.has(label));
    if (open.length === 0) return;
    const passages = await this.parts.passages(open.map(({ label }) => label));
    for (let at = 0; at < open.length && this.parts.nowMs() <= untilMs; at += AT_ONCE) {
      const some = open.slice(at, at + AT_ONCE).map((one, i) => ({ ...one, text: passages[at + i] }));
      for (const space of new Set(some.map((one) => one.space!)))
        await this.embed(
          some.filter((one) => one.space === space),
          embedders.get(space)!,
          kept,
          signal,
        );
    }
    for (const label of kept.keys()) {
      if (kept.size <= KEPT_MAX) break;
      kept.delete(label);
    }
  }

  private async embed(
    rows: readonly { readonly label: number; readonly text: string | undefined }[],
    embedder: Embedder,
    kept: Map<number, OwnVector | null>,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    const told = rows.filter(({ text }) => text !== undefined);
    for (const { label, text } of rows) if (text === undefined) kept.set(label, null);
    if (told.length === 0) return;
    try {
      const { vectors, truncated } = await embedder.embed(
        told.map(({ text }) => text!),
        { role: 'passage', ...(signal === undefined ? {} : { signal }) },
      );
      told.forEach(({ label }, i) =>
        kept.set(label, { vector: vectors[i]!, tolerance: truncated[i] === true ? toleranceCut : tolerance }),
      );
    } catch {
      signal?.throwIfAborted();
      // A text without any token, or an embedder that is away: nothing is known.
      for (const { label } of told) kept.set(label, null);
    }
  }
}

function cosineOf(a: Float32Array, b: Float32Array): number {
  let [sum, aa, bb] = [0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    sum += a[i]! * b[i]!;
    aa += a[i]! * a[i]!;
    bb += b[i]! * b[i]!;
  }
  return aa === 0 || bb === 0 ? 0 : sum / Math.sqrt(aa * bb);
}
