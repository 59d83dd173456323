import { CosmicError, type Embedder } from '@cosmicembeddings/sdk';
import type { PublishReport } from './report.js';

export type EmbeddedDocument =
  /** Undefined where a passage holds nothing that the model knows. */
  | { readonly status: 'embedded'; readonly vectors: readonly (Float32Array | undefined)[] }
  /** `down`: nothing of it was the document's doing, and another one would fare no better. */
  | { readonly status: 'pending'; readonly reason: string; readonly down: boolean };

interface Context {
  readonly embedder: Embedder;
  readonly report: PublishReport;
  readonly signal: AbortSignal | undefined;
  /** Why nothing is tried. */
  readonly down: string | undefined;
}

/** Vectors for the passages of each document. One that cannot be embedded holds up no other. */
export async function embedDocuments(
  documents: readonly (readonly string[])[],
  context: Context,
): Promise<EmbeddedDocument[]> {
  if (context.down !== undefined)
    return documents.map(() => ({ status: 'pending', reason: context.down!, down: true }));
  try {
    const rows = await embedTexts(documents.flat(), context);
    let at = 0;
    return documents.map((texts) => ({ status: 'embedded', vectors: rows.slice(at, (at += texts.length)) }));
  } catch (error) {
    if (!(error instanceof CosmicError)) throw error;
    const down = error.code === 'embedder.unavailable' && !(await answers(context));
    if (down || documents.length === 1)
      return documents.map(() => ({ status: 'pending', reason: error.message, down }));
  }
  const half = documents.length >> 1;
  const first = await embedDocuments(documents.slice(0, half), context);
  const stopped = first.find((one) => one.status === 'pending' && one.down);
  const rest = stopped?.status === 'pending' ? { ...context, down: stopped.reason } : context;
  return [...first, ...(await embedDocuments(documents.slice(half), rest))];
}

/** Does the embedder answer at all? Then what failed was the document's doing: too slow, or too much for it. */
async function answers({ embedder, signal }: Context): Promise<boolean> {
  try {
    await embedder.embed(['probe'], { role: 'passage', ...(signal === undefined ? {} : { signal }) });
    return true;
  } catch (error) {
    if (error instanceof CosmicError) return false;
    throw error;
  }
}

async function embedTexts(texts: readonly string[], context: Context): Promise<(Float32Array | undefined)[]> {
  const { embedder, report, signal } = context;
  const options = { role: 'passage', ...(signal === undefined ? {} : { signal }) } as const;
  try {
    const { vectors, truncated, chargedTokens } = await embedder.embed(texts, options);
    report.truncated += truncated.filter(Boolean).length;
    report.chargedTokens += chargedTokens ?? 0;
    return [...vectors];
  } catch (error) {
    if (!(error instanceof CosmicError) || error.code !== 'input.empty') throw error;
    if (texts.length === 1) return [undefined];
  }
  // One of them holds nothing that this model knows: find out which, and leave it out.
  const half = texts.length >> 1;
  return [...(await embedTexts(texts.slice(0, half), context)), ...(await embedTexts(texts.slice(half), context))];
}
