import { CosmicError } from '../errors.js';

/** Which embedder, as it stands in a configuration file. There is no default: `cosmic init` writes one. */
export type EmbedderConfig =
  { readonly type: 'builtin'; readonly name: BuiltinName } | OpenAiConfig | TransformersConfig;

/** `multilingual-1` needs the optional package `@cosmicembeddings/multilingual`. */
export type BuiltinName = 'english-1' | 'multilingual-1' | 'lexical';

/** Any OpenAI-compatible `/embeddings` endpoint. */
export interface OpenAiConfig {
  readonly type: 'openai';
  /** Base address, e.g. `http://127.0.0.1:11434/v1`. It becomes part of the space, so it must hold no secret. */
  readonly url: string;
  readonly model: string;
  /** Name of the environment variable that holds the key. */
  readonly keyEnv?: string;
  readonly dims?: number;
  /** Name of a descriptor in specs/spaces; used only when the endpoint reproduces its canaries. */
  readonly space?: string;
  readonly queryPrefix?: string;
  readonly passagePrefix?: string;
  /** Sends the role as `input_type`, for services that put the model's prefixes in front themselves; excludes prefixes. */
  readonly inputType?: boolean;
  /** Tokens that the service reads of a text. Where it is stated, long texts are sent one by one and truncation is reported. */
  readonly maxTokens?: number;
  /** Texts in a request, at most. */
  readonly batch?: number;
  /** Requests under way at a time. */
  readonly concurrency?: number;
  /** For each attempt. */
  readonly timeoutMs?: number;
  readonly attempts?: number;
  /** Currency units for a million tokens, to show what a run costs. */
  readonly pricePerMillionTokens?: number;
}

export type TransformersDtype = 'fp32' | 'fp16' | 'q8' | 'q4';

/** A model run by `@huggingface/transformers`, which the user installs. */
export interface TransformersConfig {
  readonly type: 'transformers';
  /** Name on the hub or of a folder below `path`. */
  readonly model: string;
  /** Folder that holds model folders; without it the library's own cache and, with a network, the hub. */
  readonly path?: string;
  /** Default q8. */
  readonly dtype?: TransformersDtype;
  /** sha-256 that the weights file must have, hexadecimal. */
  readonly weights?: string;
  /** Default 256. */
  readonly maxTokens?: number;
  /** Where pooling or prefixes are not given and the model is one of specs/spaces, they are that space's. */
  readonly pooling?: 'mean' | 'cls';
  readonly queryPrefix?: string;
  readonly passagePrefix?: string;
  /** Texts run at a time, each on one core; default 2. */
  readonly concurrency?: number;
}

type Check = (value: unknown) => boolean;
const string: Check = (value) => typeof value === 'string';
const filled: Check = (value) => typeof value === 'string' && value !== '';
const count: Check = (value) => Number.isSafeInteger(value) && (value as number) > 0;
const oneOf =
  (...values: readonly unknown[]): Check =>
  (value) =>
    values.includes(value);

/** What each type of embedder may be told; the first row's keys it must be told. */
const forms: Readonly<
  Record<EmbedderConfig['type'], readonly [Readonly<Record<string, Check>>, Readonly<Record<string, Check>>]>
> = {
  builtin: [{ name: oneOf('english-1', 'multilingual-1', 'lexical') }, {}],
  openai: [
    { url: isBaseUrl, model: filled },
    {
      keyEnv: filled,
      dims: count,
      space: filled,
      queryPrefix: string,
      passagePrefix: string,
      inputType: oneOf(true, false),
      maxTokens: count,
      batch: count,
      concurrency: count,
      timeoutMs: count,
      attempts: count,
      pricePerMillionTokens: (value) => Number.isFinite(value) && (value as number) >= 0,
    },
  ],
  transformers: [
    { model: filled },
    {
      path: filled,
      dtype: oneOf('fp32', 'fp16', 'q8', 'q4'),
      weights: (value) => typeof value === 'string' && /^[0-9a-f]{64}$/.test(value),
      maxTokens: count,
      pooling: oneOf('mean', 'cls'),
      queryPrefix: string,
      passagePrefix: string,
      concurrency: count,
    },
  ],
};

/** Checks a configured embedder, every field of it. @throws CosmicError config.malformed naming the field, embedder.unset */
export function parseEmbedderConfig(value: unknown): EmbedderConfig {
  if (value === undefined || value === null) throw new CosmicError('embedder.unset', '');
  if (typeof value === 'string') return parseShorthand(value);
  const config = value as Readonly<Record<string, unknown>>;
  const form =
    typeof config.type === 'string' && Object.hasOwn(forms, config.type)
      ? forms[config.type as EmbedderConfig['type']]
      : undefined;
  if (form === undefined) throw malformed(`type is one of ${Object.keys(forms).join(', ')}`);
  const [needed, optional] = form;
  for (const key of Object.keys(needed)) if (config[key] === undefined) throw malformed(`${key} is missing`);
  for (const [key, one] of Object.entries(config)) {
    if (key === 'type' || one === undefined) continue;
    const check = needed[key] ?? optional[key];
    if (check === undefined) throw malformed(`${key} is not known for ${String(config.type)}`);
    // The address may hold a secret by mistake: then it is not repeated here.
    if (!check(one))
      throw malformed(
        key === 'url'
          ? 'url must be http(s) without user, password, query or fragment; name the key’s variable in keyEnv'
          : `${key} cannot be ${JSON.stringify(one)}`,
      );
  }
  if (config.inputType === true && (config.queryPrefix ?? config.passagePrefix) !== undefined)
    throw malformed('inputType leaves prefixes to the service: leave out queryPrefix and passagePrefix');
  return value as EmbedderConfig;
}

/** `builtin`, `multilingual`, `lexical`, `openai:MODEL@URL`, `transformers:MODEL[@FOLDER]`: the forms that a flag takes. */
function parseShorthand(text: string): EmbedderConfig {
  if (text === 'builtin' || text === 'english-1') return { type: 'builtin', name: 'english-1' };
  if (text === 'multilingual' || text === 'multilingual-1') return { type: 'builtin', name: 'multilingual-1' };
  if (text === 'lexical') return { type: 'builtin', name: 'lexical' };
  const match = /^(openai|transformers):([^@]+)(?:@(.+))?$/.exec(text);
  if (match?.[1] === 'openai' && match[3] !== undefined)
    return parseEmbedderConfig({ type: 'openai', model: match[2], url: match[3], keyEnv: 'OPENAI_API_KEY' });
  if (match?.[1] === 'transformers')
    return { type: 'transformers', model: match[2]!, ...(match[3] === undefined ? {} : { path: match[3] }) };
  throw malformed('use builtin, multilingual, lexical, openai:MODEL@URL or transformers:MODEL[@FOLDER]');
}

function isBaseUrl(value: unknown): boolean {
  if (typeof value !== 'string' || !URL.canParse(value)) return false;
  const { protocol, username, password, search, hash } = new URL(value);
  return (protocol === 'http:' || protocol === 'https:') && username + password + search + hash === '';
}

function malformed(detail: string): CosmicError {
  return new CosmicError('config.malformed', `embedder: ${detail}`);
}
