import { utf8 } from '../bytes.js';
import type { ValueMap } from '../codec/value.js';
import { sha256 } from '../crypto/hash.js';
import type { NewBlock } from '../block/create.js';
import type { ObserverLocation } from '../block/types.js';
import { CosmicError } from '../errors.js';
import type { Clock, Embedder } from '../ports/index.js';
import { packRows } from '../space/vector.js';
import { PyFloat, PyInt, type PyDict, type PyValue } from './read.js';
import { toPython, type Plain } from './write.js';

export interface BuilderOptions {
  readonly embedder: Embedder;
  readonly clock: Pick<Clock, 'now'>;
  /** What the block says its model is; by default the embedder's. */
  readonly modelName?: string;
}

/** The Python `BlockBuilder`: texts in, a draft out; version 2 by default, the Python project's own shape on request. */
export class BlockBuilder {
  constructor(private readonly options: BuilderOptions) {}

  get modelName(): string {
    return this.options.modelName ?? this.options.embedder.space.model;
  }

  async createEmbedding(text: string): Promise<Float32Array> {
    const { vectors } = await this.options.embedder.embed([text], { role: 'passage' });
    return vectors[0]!;
  }

  /** A version-2 draft for `Signer.signDraft`: one row for each text. `metadata.tags` become the block's tags. */
  async createBlock(
    content: string | readonly string[],
    metadata: Readonly<Record<string, Plain>> = {},
    place?: ObserverLocation,
  ): Promise<NewBlock> {
    const texts = listOf(content);
    const { embedder, clock } = this.options;
    const { vectors } = await embedder.embed(texts, { role: 'passage' });
    const { tags, origin } = metadata;
    const fields = {
      space: embedder.space as unknown as ValueMap,
      embedding: { ...packRows(vectors, 'f32') },
      input_type: 'text',
      input_reference: texts.map((text) => ({
        hash: sha256(utf8(text)),
        origin: typeof origin === 'string' ? origin : '',
      })),
      texts,
    };
    return {
      kind: 'embedding/1',
      fields,
      tags: Array.isArray(tags) ? tags.filter((tag): tag is string => typeof tag === 'string') : [],
      timeMs: clock.now(),
      ...(place === undefined ? {} : { place }),
    };
  }

  /** The Python SDK's own shape, unsigned: what its `create_block` returned. */
  async createLegacyBlock(
    content: string | readonly string[],
    metadata: Readonly<Record<string, Plain>> = {},
  ): Promise<PyDict> {
    const texts = listOf(content);
    const { embedder, clock } = this.options;
    const { vectors } = await embedder.embed(texts, { role: 'passage' });
    const nowMs = clock.now();
    return new Map<string, PyValue>([
      ['version', '1.0'],
      ['timestamp', new PyInt(BigInt(Math.floor(nowMs / 1000)))],
      ['datetime', new Date(nowMs).toISOString().replace('Z', '000')],
      [
        'model',
        new Map<string, PyValue>([
          ['name', this.modelName],
          ['dimensions', new PyInt(BigInt(embedder.space.dims))],
        ]),
      ],
      ['embeddings', vectors.map((vector) => Array.from(vector, (x) => new PyFloat(x)))],
      ['content', texts],
      ['metadata', toPython(metadata)],
    ]);
  }
}

function listOf(content: string | readonly string[]): readonly string[] {
  const texts = typeof content === 'string' ? [content] : content;
  if (texts.length === 0) throw new CosmicError('input.empty', 'no text');
  return texts;
}
