import type { SpaceDescriptor } from '../../space/descriptor.js';

/** Of sdk/assets/english-1.bin; `check` is what is compared on loading (model.ts), sha256 takes too long for that. */
export const englishModel = {
  file: 'english-1.bin',
  bytes: 6_848_798,
  check: 248533278,
  sha256: 'd645801e6324691a00db959792af19a3f7c61282989e1206e930c9a536bfddc6',
} as const;

/** The space of the built-in embedder. Frozen with the file: another file is another space. */
export const englishSpace: SpaceDescriptor = Object.freeze({
  model: 'builtin/english-1',
  revision: 'distilled from all-MiniLM-L6-v2 (Apache-2.0) over Open English WordNet (CC BY 4.0)',
  weights: englishModel.sha256,
  precision: 'int4',
  dims: 384,
  metric: 'cosine',
  pooling: 'weighted sum of words',
  normalized: true,
  query_prefix: '',
  passage_prefix: '',
  max_tokens: 8192,
  endpoint: null,
});

/** For people who choose an embedder. */
export const englishAbout = {
  is: 'English word meanings: finds texts that say similar things in other words. Offline, deterministic, the same bits on every machine.',
  isNot:
    'A sentence model: word order, negation and who did what to whom are mostly lost; other languages are matched by spelling alone; figures and names by their letters.',
  attribution:
    'Distilled from sentence-transformers/all-MiniLM-L6-v2 (Apache-2.0) over the Open English WordNet (CC BY 4.0).',
} as const;
