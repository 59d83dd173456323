import type { Embedder } from '../ports/index.js';
import { rejected, type Rejected } from '../errors.js';
import { spaceLabel, type SpaceDescriptor } from './descriptor.js';
import { cosine } from './vector.js';

/** How far a runtime's vector may be from a canary's: 1 − cosine. Other runtimes of the same weights stay far below it; the int8 build of a model is 0.007 off on average. */
export const canaryTolerance = 0.005;

/** `origin` of a row that is a canary; the suffix says how its text was embedded. */
export const canaryOrigin = { passage: 'canary:passage', query: 'canary:query' } as const;

export function canaryRole(origin: string | undefined | null): Canary['role'] | undefined {
  return origin === canaryOrigin.passage ? 'passage' : origin === canaryOrigin.query ? 'query' : undefined;
}

export interface Canary {
  readonly text: string;
  readonly role: 'query' | 'passage';
  readonly vector: Float32Array;
}

/** Texts and the vectors that a space's own embedder makes of them (specs/space.md). One text is longer than the token limit. */
export interface Canaries {
  readonly space: SpaceDescriptor;
  readonly canaries: readonly Canary[];
}

export interface SpaceProof {
  readonly status: 'reproduced';
  /** The greatest 1 − cosine that was met. */
  readonly worst: number;
}

/**
 * Does a runtime reproduce a space's canaries? A wrong prefix, pooling or token limit, or another precision of the same
 * model, does not. Texts are embedded one at a time: int8 builds that quantise activations as they go answer a little
 * differently in company (up to 0.008 measured). @throws what `embed` throws
 */
export async function checkSpace(
  embedder: Pick<Embedder, 'embed'>,
  { space, canaries }: Canaries,
  signal?: AbortSignal,
): Promise<SpaceProof | Rejected> {
  let worst = 0;
  for (const { text, role, vector } of canaries) {
    const { vectors } = await embedder.embed([text], { role, ...(signal === undefined ? {} : { signal }) });
    const got = vectors[0];
    if (got === undefined || got.length !== space.dims)
      return rejected(
        'space.dims_mismatch',
        `${got?.length ?? 0} dims instead of ${space.dims} of ${spaceLabel(space)}`,
      );
    const distance = 1 - cosine(got, vector);
    if (!(distance <= canaryTolerance))
      return rejected(
        'space.canary_failed',
        `${role} “${text.slice(0, 40)}${text.length > 40 ? '…' : ''}” (${text.length} characters): 1 − cosine is ${distance.toFixed(4)}, at most ${canaryTolerance}`,
      );
    worst = Math.max(worst, distance);
  }
  return { status: 'reproduced', worst };
}
