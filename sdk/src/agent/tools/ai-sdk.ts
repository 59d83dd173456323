import { codes, CosmicError } from '../../errors.js';
import type { Embedder } from '../../ports/index.js';
import type { JsonSchema } from '../../schema/index.js';
import { spaceNamed } from '../../space/index.js';
import type { Tool } from './tool.js';

/** A tool as the Vercel AI SDK (5 and later) takes it. */
export interface AiSdkTool<S> {
  readonly title: string;
  readonly description: string;
  readonly inputSchema: S;
  execute(input: unknown, options?: { readonly abortSignal?: AbortSignal }): Promise<string>;
}

/**
 * Tools for `generateText({ tools: aiSdkTools(memoryTools(…), jsonSchema) })`; `jsonSchema` is that of the package `ai`, which
 * is yours to install. What a model reads is the tool's text: words of others between markers; a refusal is its code, what
 * exactly and what to do.
 */
export function aiSdkTools<S>(
  tools: readonly Tool[],
  jsonSchema: (schema: JsonSchema) => S,
): Record<string, AiSdkTool<S>> {
  return Object.fromEntries(
    tools.map(({ name, title, description, input, run }) => [
      name,
      {
        title,
        description,
        inputSchema: jsonSchema(input),
        execute: async (given, { abortSignal } = {}) => {
          try {
            return (await run(given as Readonly<Record<string, unknown>>, abortSignal)).text;
          } catch (error) {
            if (error instanceof CosmicError) return `${error.message} ${codes[error.code].advice}`;
            throw error;
          }
        },
      },
    ]),
  );
}

/** What is used of the AI SDK's `EmbeddingModel` (its specifications 2 to 4). */
export interface AiSdkEmbeddingModel {
  readonly provider: string;
  readonly modelId: string;
  readonly maxEmbeddingsPerCall?: number | PromiseLike<number | undefined> | undefined;
  doEmbed(options: {
    readonly values: string[];
    readonly abortSignal?: AbortSignal;
  }): PromiseLike<{ readonly embeddings: readonly (readonly number[])[] }>;
}

/** Texts of a call where the model does not say how many it takes. */
const VALUES_MAX = 96;

/**
 * A model of the AI SDK (`openai.textEmbeddingModel('…')`) as the embedder of `openMemory`. Its space is named after provider
 * and model; of lengths nothing is promised. One text is embedded to learn the dimensions.
 * @throws CosmicError embedder.bad_answer; what the model throws
 */
export async function embedderOfModel(model: AiSdkEmbeddingModel): Promise<Embedder> {
  const ask = async (values: string[], signal?: AbortSignal): Promise<Float32Array[]> => {
    const { embeddings } = await model.doEmbed({ values, ...(signal === undefined ? {} : { abortSignal: signal }) });
    if (embeddings.length !== values.length)
      throw new CosmicError('embedder.bad_answer', `${model.modelId}: ${embeddings.length} for ${values.length} texts`);
    return embeddings.map((numbers) => Float32Array.from(numbers));
  };
  const [probe] = await ask(['How many dimensions are there?']);
  const most = Math.max(1, Math.min(VALUES_MAX, (await model.maxEmbeddingsPerCall) ?? VALUES_MAX));
  return {
    space: spaceNamed(`ai-sdk:${model.provider}:${model.modelId}`.slice(0, 256), probe!.length),
    embed: async (texts, { signal }) => {
      const vectors: Float32Array[] = [];
      for (let from = 0; from < texts.length; from += most)
        vectors.push(...(await ask(texts.slice(from, from + most), signal)));
      return { vectors, truncated: texts.map(() => false), tokens: texts.map(() => null) };
    },
  };
}
