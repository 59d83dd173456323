import { toHex } from '../bytes.js';
import { sha256 } from '../crypto/hash.js';
import { CosmicError } from '../errors.js';
import type { Embedded, Embedder, EmbedOptions } from '../ports/index.js';
import { toUnit } from '../space/vector.js';
import type { SpaceDescriptor } from '../space/descriptor.js';
import type { TransformersConfig } from './config.js';
import type { EmbedderHost } from './host.js';

const PACKAGE = '@huggingface/transformers';
const BATCH = 32;

/** The part of the library that is used, as it documents it. */
interface Tensor {
  readonly data: Float32Array | BigInt64Array;
  readonly dims: readonly number[];
}
interface Tokens {
  readonly input_ids: Tensor;
  readonly attention_mask: Tensor;
}
interface Tokenizer {
  (texts: readonly string[], options: { padding: boolean; truncation: boolean; max_length?: number }): Tokens;
}
type Model = (inputs: Tokens) => Promise<{ readonly last_hidden_state?: Tensor }>;
interface Library {
  readonly env: { allowRemoteModels: boolean; localModelPath: string; cacheDir: string | null };
  readonly AutoTokenizer: { from_pretrained(model: string, options?: object): Promise<Tokenizer> };
  readonly AutoModel: { from_pretrained(model: string, options: object): Promise<Model> };
}

/** File of the weights below a model's folder, by dtype, as the library names them. */
const WEIGHTS = { fp32: 'model.onnx', fp16: 'model_fp16.onnx', q8: 'model_quantized.onnx', q4: 'model_q4.onnx' } as const;

/**
 * A model run in this process. The dtype is pinned (default q8); tokens beyond `maxTokens` (default 256) are cut and
 * reported. The space carries the sha-256 of the weights file.
 * @throws CosmicError embedder.unavailable with what to install or where the model was looked for
 */
export async function createTransformersEmbedder(config: TransformersConfig, host: EmbedderHost): Promise<Embedder> {
  const library = await loadLibrary(host);
  if (config.path !== undefined) {
    library.env.allowRemoteModels = false;
    library.env.localModelPath = config.path.endsWith('/') ? config.path : `${config.path}/`;
  }
  const dtype = config.dtype ?? 'q8';
  const { tokenizer, model } = await loadModel(library, config, dtype, host);
  const weights = await weightsHash(library, config, dtype, host);
  const maxTokens = config.maxTokens ?? 256;
  const run = (texts: readonly string[]): Promise<{ rows: Float32Array[]; counts: number[]; cut: boolean[] }> => runBatch(texts, tokenizer, model, maxTokens, config.pooling ?? 'mean');
  const dims = (await run(['dimensions'])).rows[0]!.length;
  const space: SpaceDescriptor = {
    model: config.model.includes('/') ? config.model : `sentence-transformers/${config.model}`,
    revision: null,
    weights,
    precision: dtype,
    dims,
    metric: 'cosine',
    pooling: config.pooling ?? 'mean',
    normalized: true,
    query_prefix: config.queryPrefix ?? '',
    passage_prefix: config.passagePrefix ?? '',
    max_tokens: maxTokens,
    endpoint: null,
  };
  return { space, embed: (texts, options) => embedAll(texts, options, space, config.batch ?? BATCH, run) };
}

async function loadLibrary(host: EmbedderHost): Promise<Library> {
  try {
    return (await host.importModule(PACKAGE)) as Library;
  } catch (cause) {
    throw new CosmicError('embedder.unavailable', `${PACKAGE} is not installed; run: npm install ${PACKAGE}`, { cause });
  }
}

async function loadModel(library: Library, config: TransformersConfig, dtype: string, host: EmbedderHost): Promise<{ tokenizer: Tokenizer; model: Model }> {
  const progress_callback = (event: { file?: string; loaded?: number; total?: number }): void => {
    if (event.loaded !== undefined && event.total !== undefined) host.progress?.({ what: event.file ?? config.model, done: event.loaded, total: event.total });
  };
  try {
    const [tokenizer, model] = await Promise.all([
      library.AutoTokenizer.from_pretrained(config.model, { progress_callback }),
      library.AutoModel.from_pretrained(config.model, { dtype, progress_callback }),
    ]);
    return { tokenizer, model };
  } catch (cause) {
    const where = config.path === undefined ? 'the library’s cache or the hub' : config.path;
    throw new CosmicError('embedder.unavailable', `model ${config.model} (${dtype}) cannot be loaded from ${where}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  }
}

async function weightsHash(library: Library, config: TransformersConfig, dtype: keyof typeof WEIGHTS, host: EmbedderHost): Promise<string | null> {
  const base = config.path ?? library.env.cacheDir;
  if (base === null) return null;
  const bytes = await host.readFile(`${base.replace(/\/+$/, '')}/${config.model}/onnx/${WEIGHTS[dtype]}`);
  return bytes === undefined ? null : toHex(sha256(bytes));
}

async function runBatch(texts: readonly string[], tokenizer: Tokenizer, model: Model, maxTokens: number, pooling: 'mean' | 'cls') {
  const whole = texts.map((text) => tokenizer([text], { padding: false, truncation: false }).input_ids.dims[1] ?? 0);
  const tokens = tokenizer(texts, { padding: true, truncation: true, max_length: maxTokens });
  const state = (await model(tokens)).last_hidden_state;
  if (state === undefined) throw new CosmicError('embedder.bad_answer', 'the model has no last_hidden_state');
  const [, length, dims] = state.dims as [number, number, number];
  const rows = texts.map((_, i) => toUnit(pool(state.data as Float32Array, tokens.attention_mask.data as BigInt64Array, i, length, dims, pooling)));
  return { rows, counts: whole.map((count) => Math.min(count, maxTokens)), cut: whole.map((count) => count > maxTokens) };
}

/** Mean over the tokens that the mask keeps, or the first token's row. */
function pool(states: Float32Array, mask: BigInt64Array, text: number, length: number, dims: number, pooling: 'mean' | 'cls'): Float32Array {
  const out = new Float32Array(dims);
  const used = pooling === 'cls' ? 1 : length;
  for (let token = 0; token < used; token++) {
    if (mask[text * length + token] === 0n) continue;
    const at = (text * length + token) * dims;
    for (let i = 0; i < dims; i++) out[i]! += states[at + i]!;
  }
  return out;
}

async function embedAll(
  texts: readonly string[],
  options: EmbedOptions,
  space: SpaceDescriptor,
  size: number,
  run: (texts: readonly string[]) => Promise<{ rows: Float32Array[]; counts: number[]; cut: boolean[] }>,
): Promise<Embedded> {
  const prefix = (options.role === 'query' ? space.query_prefix : space.passage_prefix) ?? '';
  texts.forEach((text, i) => {
    if (text.trim() === '') throw new CosmicError('input.empty', `text ${i} is empty`);
  });
  // Texts of like length share a batch, so that little of it is padding; the answer keeps the caller's order.
  const order = texts.map((_, i) => i).sort((a, b) => texts[a]!.length - texts[b]!.length);
  const vectors = new Array<Float32Array>(texts.length);
  const tokens = new Array<number>(texts.length);
  const truncated = new Array<boolean>(texts.length);
  for (let start = 0; start < order.length; start += size) {
    options.signal?.throwIfAborted();
    const batch = order.slice(start, start + size);
    const { rows, counts, cut } = await run(batch.map((i) => prefix + texts[i]!));
    batch.forEach((i, at) => {
      vectors[i] = rows[at]!;
      tokens[i] = counts[at]!;
      truncated[i] = cut[at]!;
    });
  }
  return { vectors, tokens, truncated };
}
