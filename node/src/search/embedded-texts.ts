import { spaceIdOf, type Embedder } from '@cosmicembeddings/sdk';
import { Recent } from '../recent.js';

const KEPT_MAX = 256;

/** Query vectors of the texts asked last, by space: pages and repeated questions are embedded once. */
export class EmbeddedTexts {
  private readonly kept = new Recent<string, Float32Array>(KEPT_MAX);

  /** @throws CosmicError as the embedder does */
  async embed(embedder: Embedder, text: string, signal?: AbortSignal): Promise<Float32Array> {
    const key = `${spaceIdOf(embedder.space)} ${text}`;
    const known = this.kept.get(key);
    if (known !== undefined) return known;
    const { vectors } = await embedder.embed([text], { role: 'query', ...(signal === undefined ? {} : { signal }) });
    const vector = vectors[0]!;
    this.kept.set(key, vector);
    return vector;
  }
}
