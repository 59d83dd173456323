import {
  checkBlock,
  createBlock,
  embeddingKind,
  packRows,
  sha256,
  signerOfSeed,
  toUnit,
  utf8,
  type BlockId,
  type CheckedBlock,
} from '@cosmicembeddings/sdk';
import { checks, registry } from './signed-blocks.ts';

export interface Secret {
  readonly author?: string;
  readonly salt?: string;
  readonly text?: string;
  readonly model?: string;
  readonly tags?: readonly string[];
  readonly links?: readonly { readonly rel: string; readonly id: BlockId }[];
  readonly dims?: number;
  readonly rows?: number;
  readonly timeMs?: number;
  readonly collection?: string;
  readonly headerOnly?: boolean;
}

/** A real block whose every field can be told apart from everybody else's. */
export async function secretBlock({
  author = 'somebody',
  salt = 'salt',
  text = 'Wolpertinger and Zanzibarquux meet under the old bridge at midnight.',
  model = 'secret/model-of-one',
  tags = [],
  links = [],
  dims = 16,
  rows = 1,
  timeMs = Date.UTC(2026, 3, 1),
  collection,
  headerOnly = false,
}: Secret = {}): Promise<CheckedBlock> {
  const texts = Array.from({ length: rows }, (_, i) => (i === 0 ? text : `${text} (${i})`));
  const vectors = texts.map((own) =>
    toUnit(Float32Array.from({ length: dims }, (_, i) => sha256(utf8(`${own} ${i}`)).slice(0, 1)[0]! - 127.3)),
  );
  const { wire } = await createBlock(
    {
      kind: embeddingKind.name,
      timeMs,
      tags,
      links,
      fields: {
        space: {
          model,
          revision: null,
          weights: null,
          precision: 'fp32',
          dims,
          metric: 'cosine',
          pooling: null,
          normalized: true,
          query_prefix: null,
          passage_prefix: null,
          max_tokens: null,
          endpoint: null,
        },
        embedding: packRows(vectors, 'f32'),
        input_type: 'text',
        input_reference: texts.map((own) => ({
          hash: sha256(utf8(own)),
          origin: `secret/${salt}.md`,
          language: 'tlh',
        })),
        texts,
        ...(collection === undefined ? {} : { collection }),
      } as never,
    },
    {
      signer: signerOfSeed(sha256(utf8(author))),
      network: 'dev',
      registry,
      sky: checks.sky as never,
      salt: () => sha256(utf8(salt)).slice(0, 16),
    },
  );
  const end = headerOnly ? wire.length - bodyLength(wire) : wire.length;
  const checked = checkBlock(headerOnly ? Uint8Array.of(...wire.slice(0, end), 0xf6) : wire, checks);
  if (checked.status === 'rejected') throw new Error(`${checked.code}: ${checked.detail}`);
  return checked;
}

function bodyLength(wire: Uint8Array): number {
  const checked = checkBlock(wire, checks);
  if (checked.status === 'rejected') throw new Error(checked.detail);
  return checked.body!.length;
}
