import { codes, CosmicError } from '../../errors.js';
import type { JsonSchema } from '../../schema/index.js';
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
