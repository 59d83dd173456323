/** Made by tools/spaces/make-spaces.mjs from the same table as specs/spaces/*.json; not to be edited. */
import type { SpaceDescriptor } from './descriptor.js';

export interface KnownSpace {
  /** Name of the file in specs/spaces. */
  readonly name: string;
  /** Only what was checked against the weights is frozen; a provisional descriptor may still change. */
  readonly status: 'frozen' | 'provisional';
  readonly space: SpaceDescriptor;
}

export const knownSpaces: readonly KnownSpace[] = [
  {
    name: 'all-minilm-l6-v2-q8-128',
    status: 'frozen',
    space: {
      model: 'sentence-transformers/all-MiniLM-L6-v2',
      revision: null,
      weights: 'a02d513a52cf647f95acddfeb4656cf71b1d23feb9daddbe33404d07e81922d2',
      precision: 'q8',
      dims: 384,
      metric: 'cosine',
      pooling: 'mean',
      normalized: true,
      query_prefix: '',
      passage_prefix: '',
      max_tokens: 128,
      endpoint: null
    }
  },
  {
    name: 'all-minilm-l6-v2-q8-256',
    status: 'frozen',
    space: {
      model: 'sentence-transformers/all-MiniLM-L6-v2',
      revision: null,
      weights: 'a02d513a52cf647f95acddfeb4656cf71b1d23feb9daddbe33404d07e81922d2',
      precision: 'q8',
      dims: 384,
      metric: 'cosine',
      pooling: 'mean',
      normalized: true,
      query_prefix: '',
      passage_prefix: '',
      max_tokens: 256,
      endpoint: null
    }
  },
  {
    name: 'all-minilm-l6-v2-q8-512',
    status: 'frozen',
    space: {
      model: 'sentence-transformers/all-MiniLM-L6-v2',
      revision: null,
      weights: 'a02d513a52cf647f95acddfeb4656cf71b1d23feb9daddbe33404d07e81922d2',
      precision: 'q8',
      dims: 384,
      metric: 'cosine',
      pooling: 'mean',
      normalized: true,
      query_prefix: '',
      passage_prefix: '',
      max_tokens: 512,
      endpoint: null
    }
  },
  {
    name: 'all-minilm-l6-v2-256',
    status: 'frozen',
    space: {
      model: 'sentence-transformers/all-MiniLM-L6-v2',
      revision: null,
      weights: '53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db',
      precision: 'fp32',
      dims: 384,
      metric: 'cosine',
      pooling: 'mean',
      normalized: true,
      query_prefix: '',
      passage_prefix: '',
      max_tokens: 256,
      endpoint: null
    }
  },
  {
    name: 'all-minilm-l6-v2-128',
    status: 'provisional',
    space: {
      model: 'sentence-transformers/all-MiniLM-L6-v2',
      revision: null,
      weights: '53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db',
      precision: 'fp32',
      dims: 384,
      metric: 'cosine',
      pooling: 'mean',
      normalized: true,
      query_prefix: '',
      passage_prefix: '',
      max_tokens: 128,
      endpoint: null
    }
  },
  {
    name: 'all-minilm-l6-v2-512',
    status: 'provisional',
    space: {
      model: 'sentence-transformers/all-MiniLM-L6-v2',
      revision: null,
      weights: '53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db',
      precision: 'fp32',
      dims: 384,
      metric: 'cosine',
      pooling: 'mean',
      normalized: true,
      query_prefix: '',
      passage_prefix: '',
      max_tokens: 512,
      endpoint: null
    }
  },
  {
    name: 'all-mpnet-base-v2',
    status: 'provisional',
    space: {
      model: 'sentence-transformers/all-mpnet-base-v2',
      revision: null,
      weights: null,
      precision: 'fp32',
      dims: 768,
      metric: 'cosine',
      pooling: 'mean',
      normalized: true,
      query_prefix: '',
      passage_prefix: '',
      max_tokens: 384,
      endpoint: null
    }
  },
  {
    name: 'bge-small-en-v1.5',
    status: 'provisional',
    space: {
      model: 'BAAI/bge-small-en-v1.5',
      revision: null,
      weights: null,
      precision: 'fp32',
      dims: 384,
      metric: 'cosine',
      pooling: 'cls',
      normalized: true,
      query_prefix: 'Represent this sentence for searching relevant passages: ',
      passage_prefix: '',
      max_tokens: 512,
      endpoint: null
    }
  },
  {
    name: 'bge-base-en-v1.5',
    status: 'provisional',
    space: {
      model: 'BAAI/bge-base-en-v1.5',
      revision: null,
      weights: null,
      precision: 'fp32',
      dims: 768,
      metric: 'cosine',
      pooling: 'cls',
      normalized: true,
      query_prefix: 'Represent this sentence for searching relevant passages: ',
      passage_prefix: '',
      max_tokens: 512,
      endpoint: null
    }
  },
  {
    name: 'e5-small-v2',
    status: 'provisional',
    space: {
      model: 'intfloat/e5-small-v2',
      revision: null,
      weights: null,
      precision: 'fp32',
      dims: 384,
      metric: 'cosine',
      pooling: 'mean',
      normalized: true,
      query_prefix: 'query: ',
      passage_prefix: 'passage: ',
      max_tokens: 512,
      endpoint: null
    }
  },
  {
    name: 'e5-base-v2',
    status: 'provisional',
    space: {
      model: 'intfloat/e5-base-v2',
      revision: null,
      weights: null,
      precision: 'fp32',
      dims: 768,
      metric: 'cosine',
      pooling: 'mean',
      normalized: true,
      query_prefix: 'query: ',
      passage_prefix: 'passage: ',
      max_tokens: 512,
      endpoint: null
    }
  },
  {
    name: 'multilingual-e5-small',
    status: 'provisional',
    space: {
      model: 'intfloat/multilingual-e5-small',
      revision: null,
      weights: null,
      precision: 'fp32',
      dims: 384,
      metric: 'cosine',
      pooling: 'mean',
      normalized: true,
      query_prefix: 'query: ',
      passage_prefix: 'passage: ',
      max_tokens: 512,
      endpoint: null
    }
  },
  {
    name: 'gte-small',
    status: 'provisional',
    space: {
      model: 'thenlper/gte-small',
      revision: null,
      weights: null,
      precision: 'fp32',
      dims: 384,
      metric: 'cosine',
      pooling: 'mean',
      normalized: true,
      query_prefix: '',
      passage_prefix: '',
      max_tokens: 512,
      endpoint: null
    }
  },
  {
    name: 'gte-base',
    status: 'provisional',
    space: {
      model: 'thenlper/gte-base',
      revision: null,
      weights: null,
      precision: 'fp32',
      dims: 768,
      metric: 'cosine',
      pooling: 'mean',
      normalized: true,
      query_prefix: '',
      passage_prefix: '',
      max_tokens: 512,
      endpoint: null
    }
  },
  {
    name: 'nomic-embed-text-v1.5',
    status: 'provisional',
    space: {
      model: 'nomic-ai/nomic-embed-text-v1.5',
      revision: null,
      weights: null,
      precision: 'fp32',
      dims: 768,
      metric: 'cosine',
      pooling: 'mean',
      normalized: true,
      query_prefix: 'search_query: ',
      passage_prefix: 'search_document: ',
      max_tokens: 8192,
      endpoint: null
    }
  },
  {
    name: 'openai-text-embedding-ada-002',
    status: 'provisional',
    space: {
      model: 'text-embedding-ada-002',
      revision: null,
      weights: null,
      precision: null,
      dims: 1536,
      metric: 'cosine',
      pooling: null,
      normalized: true,
      query_prefix: '',
      passage_prefix: '',
      max_tokens: 8191,
      endpoint: 'https://api.openai.com/v1'
    }
  },
  {
    name: 'openai-text-embedding-3-small',
    status: 'provisional',
    space: {
      model: 'text-embedding-3-small',
      revision: null,
      weights: null,
      precision: null,
      dims: 1536,
      metric: 'cosine',
      pooling: null,
      normalized: true,
      query_prefix: '',
      passage_prefix: '',
      max_tokens: 8191,
      endpoint: 'https://api.openai.com/v1'
    }
  },
  {
    name: 'openai-text-embedding-3-large',
    status: 'provisional',
    space: {
      model: 'text-embedding-3-large',
      revision: null,
      weights: null,
      precision: null,
      dims: 3072,
      metric: 'cosine',
      pooling: null,
      normalized: true,
      query_prefix: '',
      passage_prefix: '',
      max_tokens: 8191,
      endpoint: 'https://api.openai.com/v1'
    }
  },
];

export function knownSpace(name: string): KnownSpace | undefined {
  return knownSpaces.find((known) => known.name === name);
}

/** The descriptor of a model that a well-known service computes. `endpoint`: base address without a slash at its end. */
export function serviceSpace(endpoint: string, model: string): SpaceDescriptor | undefined {
  return knownSpaces.find(({ space }) => space.endpoint === endpoint && space.model === model)?.space;
}
