/**
 * Writes specs/spaces/*.json and sdk/src/space/known.ts from the table below. Canaries that a file holds already stay in
 * it: make-canaries.mjs adds them. Run after a build: node tools/spaces/make-spaces.mjs
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { format, resolveConfig } from 'prettier';
import { descriptorFault, spaceIdOf, spaceNamed, fromJson, toBase64 } from '../../sdk/dist/index.js';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const folder = join(root, 'specs', 'spaces');
mkdirSync(folder, { recursive: true });

const transformer = (model, dims, more) =>
  spaceNamed(model, dims, {
    precision: 'fp32',
    pooling: 'mean',
    normalized: true,
    query_prefix: '',
    passage_prefix: '',
    max_tokens: 512,
    ...more,
  });
const service = (model, dims) =>
  spaceNamed(model, dims, {
    normalized: true,
    query_prefix: '',
    passage_prefix: '',
    max_tokens: 8191,
    endpoint: 'https://api.openai.com/v1',
  });
const miniLm = (precision, weights, max_tokens) =>
  transformer('sentence-transformers/all-MiniLM-L6-v2', 384, { precision, weights, max_tokens });
/** model.safetensors as published, and the int8 build of it that the tests run. */
const MINILM_FP32 = '53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db';
const MINILM_Q8 = 'a02d513a52cf647f95acddfeb4656cf71b1d23feb9daddbe33404d07e81922d2';
const BGE_QUERY = 'Represent this sentence for searching relevant passages: ';

const published = 'From the model’s published card; not checked against the weights by this project yet.';
const table = [
  ...[128, 256, 512].map((n) => [
    `all-minilm-l6-v2-q8-${n}`,
    'frozen',
    'Computed with the weights file of this hash; the long canary tells the token limits apart.',
    miniLm('q8', MINILM_Q8, n),
  ]),
  [
    'all-minilm-l6-v2-256',
    'frozen',
    'Canaries computed in fp32 from the published weights of this hash.',
    miniLm('fp32', MINILM_FP32, 256),
  ],
  ...[128, 512].map((n) => [`all-minilm-l6-v2-${n}`, 'provisional', published, miniLm('fp32', MINILM_FP32, n)]),
  [
    'all-mpnet-base-v2',
    'provisional',
    published,
    transformer('sentence-transformers/all-mpnet-base-v2', 768, { max_tokens: 384 }),
  ],
  [
    'bge-small-en-v1.5',
    'provisional',
    published,
    transformer('BAAI/bge-small-en-v1.5', 384, { pooling: 'cls', query_prefix: BGE_QUERY }),
  ],
  [
    'bge-base-en-v1.5',
    'provisional',
    published,
    transformer('BAAI/bge-base-en-v1.5', 768, { pooling: 'cls', query_prefix: BGE_QUERY }),
  ],
  [
    'e5-small-v2',
    'provisional',
    published,
    transformer('intfloat/e5-small-v2', 384, { query_prefix: 'query: ', passage_prefix: 'passage: ' }),
  ],
  [
    'e5-base-v2',
    'provisional',
    published,
    transformer('intfloat/e5-base-v2', 768, { query_prefix: 'query: ', passage_prefix: 'passage: ' }),
  ],
  [
    'multilingual-e5-small',
    'provisional',
    published,
    transformer('intfloat/multilingual-e5-small', 384, { query_prefix: 'query: ', passage_prefix: 'passage: ' }),
  ],
  ['gte-small', 'provisional', published, transformer('thenlper/gte-small', 384, {})],
  ['gte-base', 'provisional', published, transformer('thenlper/gte-base', 768, {})],
  [
    'nomic-embed-text-v1.5',
    'provisional',
    published,
    transformer('nomic-ai/nomic-embed-text-v1.5', 768, {
      query_prefix: 'search_query: ',
      passage_prefix: 'search_document: ',
      max_tokens: 8192,
    }),
  ],
  [
    'openai-text-embedding-ada-002',
    'provisional',
    'A service: nobody outside knows its weights; the endpoint names it.',
    service('text-embedding-ada-002', 1536),
  ],
  [
    'openai-text-embedding-3-small',
    'provisional',
    'A service: nobody outside knows its weights; the endpoint names it.',
    service('text-embedding-3-small', 1536),
  ],
  [
    'openai-text-embedding-3-large',
    'provisional',
    'A service: nobody outside knows its weights; the endpoint names it.',
    service('text-embedding-3-large', 3072),
  ],
];

/** Source text in the project's own style. */
async function writeSource(path, text) {
  writeFileSync(path, await format(text, { ...(await resolveConfig(path)), parser: 'typescript' }));
}

const known = [];
const canaries = [];
for (const [name, status, note, space] of table) {
  const fault = descriptorFault(space);
  if (fault !== undefined) throw new Error(`${name}: ${fault}`);
  const path = join(folder, `${name}.json`);
  const before = existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : {};
  if (before.status === 'frozen' && before.id !== spaceIdOf(space))
    throw new Error(`${name} is frozen as ${before.id}`);
  const file = {
    name,
    status,
    note,
    id: spaceIdOf(space),
    space,
    ...(before.canaries === undefined ? {} : { canaries: before.canaries }),
  };
  writeFileSync(path, `${JSON.stringify(file, null, 2)}\n`);
  known.push({ name, status, space });
  if (before.canaries !== undefined) canaries.push([name, toBase64(fromJson(JSON.stringify(before.canaries)))]);
}

const literal = (value) =>
  JSON.stringify(value, null, 2)
    .replace(/"([a-z_]+)":/g, '$1:')
    .replace(/"/g, "'")
    .replace(/\n/g, '\n  ');
await writeSource(
  join(root, 'sdk/src/space/known.ts'),
  `/** Made by tools/spaces/make-spaces.mjs from the same table as specs/spaces/*.json; not to be edited. */
import type { SpaceDescriptor } from './descriptor.js';

export interface KnownSpace {
  /** Name of the file in specs/spaces. */
  readonly name: string;
  /** Only what was checked against the weights is frozen; a provisional descriptor may still change. */
  readonly status: 'frozen' | 'provisional';
  readonly space: SpaceDescriptor;
}

export const knownSpaces: readonly KnownSpace[] = [
${known.map((one) => `  ${literal(one)},`).join('\n')}
];

export function knownSpace(name: string): KnownSpace | undefined {
  return knownSpaces.find((known) => known.name === name);
}

/** The descriptor of a model that a well-known service computes. \`endpoint\`: base address without a slash at its end. */
export function serviceSpace(endpoint: string, model: string): SpaceDescriptor | undefined {
  return knownSpaces.find(({ space }) => space.endpoint === endpoint && space.model === model)?.space;
}
`,
);
await writeSource(
  join(root, 'sdk/src/embedders/known-canaries.ts'),
  `/** Made by tools/spaces/make-spaces.mjs from specs/spaces/*.json; not to be edited. Signed canary blocks, base64, by space name. */
export const knownCanaries: Readonly<Record<string, string>> = {
${canaries.map(([name, text]) => `  '${name}': '${text}',`).join('\n')}
};
`,
);
console.log(`${table.length} spaces, ${canaries.length} with canaries`);
