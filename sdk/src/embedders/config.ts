import { CosmicError } from '../errors.js';

/** Which embedder, as it stands in a configuration file. There is no default: `cosmic init` writes one. */
export type EmbedderConfig =
  | { readonly type: 'builtin'; readonly name: 'english-1' | 'lexical' }
  | OpenAiConfig
  | TransformersConfig;

/** Any OpenAI-compatible `/embeddings` endpoint. */
export interface OpenAiConfig {
  readonly type: 'openai';
  /** Base address, e.g. `http://127.0.0.1:11434/v1`. */
  readonly url: string;
  readonly model: string;
  /** Name of the environment variable that holds the key. */
  readonly keyEnv?: string;
  readonly dims?: number;
  /** Name of a descriptor in specs/spaces; used only when the endpoint reproduces its canaries. */
  readonly space?: string;
  readonly queryPrefix?: string;
  readonly passagePrefix?: string;
  readonly maxTokens?: number;
  readonly batch?: number;
  readonly concurrency?: number;
  readonly timeoutMs?: number;
  /** Currency units for a million tokens, to show what a run costs. */
  readonly pricePerMillionTokens?: number;
}

/** A model run by `@huggingface/transformers`, which the user installs. */
export interface TransformersConfig {
  readonly type: 'transformers';
  /** Name on the hub or of a folder below `path`. */
  readonly model: string;
  /** Folder that holds model folders; without it the library's own cache and, with a network, the hub. */
  readonly path?: string;
  readonly dtype?: 'fp32' | 'fp16' | 'q8' | 'q4';
  readonly maxTokens?: number;
  readonly pooling?: 'mean' | 'cls';
  readonly queryPrefix?: string;
  readonly passagePrefix?: string;
  readonly batch?: number;
}

/** Checks the shape of a configured embedder. @throws CosmicError config.malformed, embedder.unset */
export function parseEmbedderConfig(value: unknown): EmbedderConfig {
  if (value === undefined || value === null) throw new CosmicError('embedder.unset', '');
  if (typeof value === 'string') return parseShorthand(value);
  const config = value as Partial<Record<string, unknown>>;
  if (config.type === 'builtin' && (config.name === 'english-1' || config.name === 'lexical')) return value as EmbedderConfig;
  if (config.type === 'openai' && typeof config.url === 'string' && typeof config.model === 'string') return value as EmbedderConfig;
  if (config.type === 'transformers' && typeof config.model === 'string') return value as EmbedderConfig;
  throw new CosmicError('config.malformed', `embedder: ${JSON.stringify(value).slice(0, 200)}`);
}

/** `builtin`, `lexical`, `openai:MODEL@URL`, `transformers:MODEL[@FOLDER]`: the forms that a flag takes. */
function parseShorthand(text: string): EmbedderConfig {
  if (text === 'builtin' || text === 'english-1') return { type: 'builtin', name: 'english-1' };
  if (text === 'lexical') return { type: 'builtin', name: 'lexical' };
  const match = /^(openai|transformers):([^@]+)(?:@(.+))?$/.exec(text);
  if (match?.[1] === 'openai' && match[3] !== undefined) return { type: 'openai', model: match[2]!, url: match[3], keyEnv: 'OPENAI_API_KEY' };
  if (match?.[1] === 'transformers') return { type: 'transformers', model: match[2]!, ...(match[3] === undefined ? {} : { path: match[3] }) };
  throw new CosmicError('config.malformed', `embedder: ${text}; use builtin, lexical, openai:MODEL@URL or transformers:MODEL[@FOLDER]`);
}
