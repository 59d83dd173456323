import type { SpaceDescriptor } from '../../space/descriptor.js';

/** Of multilingual/multilingual-1.bin, an optional package; `check` is what is compared on loading. */
export const multilingualModel = {
  package: '@cosmicembeddings/multilingual',
  file: 'multilingual-1.bin',
  bytes: 16_480_764,
  check: 330090390,
  sha256: '942acd6c2367b5aea310f7c861408da44c08f8e0bd646e0bf75fe1bd9e180e0e',
} as const;

/** The space of the built-in embedder for several languages. Frozen with the file: another file is another space. */
export const multilingualSpace: SpaceDescriptor = Object.freeze({
  model: 'builtin/multilingual-1',
  revision: 'distilled from multilingual-e5-small (MIT) over dictionaries and texts in seven languages',
  weights: multilingualModel.sha256,
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
export const multilingualAbout = {
  is: 'Word meanings in English, German, Spanish and French, less well in Italian, Dutch and Portuguese: a question finds texts that say it in another of them. Offline, deterministic, the same bits on every machine.',
  isNot:
    'A sentence model: word order, negation and who did what to whom are mostly lost; languages in other letters are matched by spelling alone; for English alone english-1 is smaller and better.',
  attribution: 'Distilled from intfloat/multilingual-e5-small (MIT).',
} as const;
