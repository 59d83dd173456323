import type { JsonSchema } from '../../schema/index.js';

/** Something that a language model may call: named, described, closed schemas, an answer for people and one for programs. */
export interface Tool {
  /** At most 48 characters of `[a-z0-9_]`. */
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly input: JsonSchema;
  readonly output: JsonSchema;
  /** Changes nothing anywhere. */
  readonly readOnly: boolean;
  readonly destructive: boolean;
  readonly idempotent: boolean;
  /** `args` fit `input`; `who`: whose share of turns it takes, where several ask. @throws CosmicError with the code of what was refused */
  run(args: Readonly<Record<string, unknown>>, signal?: AbortSignal, who?: string): Promise<ToolAnswer>;
}

export interface ToolAnswer {
  /** For a model to read; text of others stands between markers. */
  readonly text: string;
  /** Fits `output`. */
  readonly structured: Readonly<Record<string, unknown>>;
}
