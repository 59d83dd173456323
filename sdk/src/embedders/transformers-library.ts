import { toHex } from '../bytes.js';
import { sha256 } from '../crypto/hash.js';
import { CosmicError } from '../errors.js';
import type { TransformersConfig, TransformersDtype } from './config.js';
import type { EmbedderHost } from './host.js';

const PACKAGE = '@huggingface/transformers';
/** The major version that this was written for and is tested with. */
const MAJOR = 4;

/** The part of the library that is used, as it documents it. */
export interface Tensor {
  readonly data: ArrayLike<number>;
  readonly dims: readonly number[];
}
export type Tokens = Readonly<Record<string, Tensor>> & { readonly input_ids: Tensor };
export type Tokenizer = (text: string, options: { truncation: boolean; max_length?: number }) => Tokens;
export interface Model {
  (inputs: Tokens): Promise<{ readonly last_hidden_state?: Tensor }>;
  readonly config?: { readonly max_position_embeddings?: number };
}
interface Library {
  readonly env: { readonly cacheDir: string | null };
  readonly AutoTokenizer: { from_pretrained(model: string, options: object): Promise<Tokenizer> };
  readonly AutoModel: { from_pretrained(model: string, options: object): Promise<Model> };
}

/** File of the weights below a model's folder, by dtype, as the library names them. */
const WEIGHTS: Readonly<Record<TransformersDtype, string>> = {
  fp32: 'model.onnx',
  fp16: 'model_fp16.onnx',
  q8: 'model_quantized.onnx',
  q4: 'model_q4.onnx',
};

export interface Loaded {
  readonly tokenizer: Tokenizer;
  readonly model: Model;
  /** sha-256 of the weights file; null where the library fetched it to a place of its own. */
  readonly weights: string | null;
}

/**
 * Loads library, tokenizer and model; local files only where `path` is set.
 * @throws CosmicError embedder.unavailable with what to install or where the model was looked for
 */
export async function loadTransformers(
  config: TransformersConfig,
  dtype: TransformersDtype,
  host: EmbedderHost,
): Promise<Loaded> {
  const library = await loadLibrary(host);
  // A local model goes by its path, so that embedders with different folders need no setting in common.
  const local = config.path === undefined ? undefined : localFolder(config.path, config.model);
  const found = local === undefined ? undefined : await localWeights(local, dtype, host);
  const progress_callback = (event: { file?: string; loaded?: number; total?: number }): void => {
    if (event.loaded !== undefined && event.total !== undefined)
      host.progress?.({ what: event.file ?? config.model, done: event.loaded, total: event.total });
  };
  const options = { progress_callback, local_files_only: local !== undefined };
  try {
    // One core for each text: the runtime's own threads wait by spinning and cost more than they bring.
    const session_options = { intraOpNumThreads: 1, interOpNumThreads: 1 };
    const [tokenizer, model] = await Promise.all([
      library.AutoTokenizer.from_pretrained(local ?? config.model, options),
      library.AutoModel.from_pretrained(local ?? config.model, { ...options, dtype, session_options }),
    ]);
    const { cacheDir } = library.env;
    const weights =
      found ??
      (cacheDir === null
        ? undefined
        : await weightsHash(`${cacheDir.replace(/\/+$/, '')}/${config.model}`, dtype, host));
    return { tokenizer, model, weights: checkedHash(weights ?? null, config) };
  } catch (cause) {
    if (cause instanceof CosmicError) throw cause;
    const where =
      local ??
      `the cache ${library.env.cacheDir ?? 'of the library'} or the hub; without a network set path to a folder that holds the model`;
    throw unavailable(
      `model ${config.model} (${dtype}) cannot be loaded from ${where}: ${cause instanceof Error ? cause.message : String(cause)}`,
      cause,
    );
  }
}

async function loadLibrary(host: EmbedderHost): Promise<Library> {
  try {
    return (await host.importModule(PACKAGE)) as Library;
  } catch (cause) {
    // A package that is there and cannot start is another matter than one that is not there.
    const code = (cause as { code?: string }).code;
    const missing = code === 'ERR_MODULE_NOT_FOUND' || code === 'MODULE_NOT_FOUND';
    const what = missing
      ? 'is not installed'
      : `cannot be loaded (${cause instanceof Error ? cause.message : String(cause)})`;
    throw unavailable(`${PACKAGE} ${what}; run: npm install ${PACKAGE}@${MAJOR}`, cause);
  }
}

/** The library takes what begins with a slash, a dot or a drive for a path, anything else for a name on the hub. */
function localFolder(path: string, model: string): string {
  const folder = `${path.replace(/(?<=.)[\\/]+$/, '')}/${model}`;
  return /^([\\/]|\.{1,2}[\\/]|[A-Za-z]:)/.test(folder) ? folder : `./${folder}`;
}

/** Hash of the weights in a model's folder; what is missing there is named. */
async function localWeights(folder: string, dtype: TransformersDtype, host: EmbedderHost): Promise<string> {
  for (const file of ['config.json', 'tokenizer.json'])
    if ((await host.readFile(`${folder}/${file}`)) === undefined)
      throw unavailable(`no model at ${folder}: ${file} is not there; path is the folder that holds model folders`);
  const weights = await weightsHash(folder, dtype, host);
  if (weights !== undefined) return weights;
  const there: string[] = [];
  for (const [other, file] of Object.entries(WEIGHTS))
    if ((await hashOf(`${folder}/onnx/${file}`, host)) !== undefined) there.push(other);
  throw unavailable(
    `${folder} has no ${dtype} weights (onnx/${WEIGHTS[dtype]}); ${there.length === 0 ? 'it has none at all' : `set dtype to ${there.join(' or ')}`}`,
  );
}

/** Of the file that holds the numbers: large models keep them beside the graph. */
async function weightsHash(folder: string, dtype: TransformersDtype, host: EmbedderHost): Promise<string | undefined> {
  const file = `${folder}/onnx/${WEIGHTS[dtype]}`;
  return (await hashOf(`${file}_data`, host)) ?? (await hashOf(file, host));
}

async function hashOf(path: string, host: EmbedderHost): Promise<string | undefined> {
  if (host.hashFile !== undefined) return host.hashFile(path);
  const bytes = await host.readFile(path);
  return bytes === undefined ? undefined : toHex(sha256(bytes));
}

function checkedHash(weights: string | null, config: TransformersConfig): string | null {
  if (config.weights !== undefined && config.weights !== weights)
    throw unavailable(
      `the weights of ${config.model} have sha-256 ${weights ?? '(unknown)'}, the configuration wants ${config.weights}; fetch them again`,
    );
  return weights;
}

function unavailable(detail: string, cause?: unknown): CosmicError {
  return new CosmicError('embedder.unavailable', detail, cause === undefined ? undefined : { cause });
}
