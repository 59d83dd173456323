import type { Memory, SearchOptions } from '../agent/index.js';
import { CosmicError } from '../errors.js';
import { flatten, nest, type AnyWhere } from '../metadata/index.js';
import type { LlamaEmbedding } from './embedder.js';
import { whereOf, type LlamaFilters } from './filters.js';

/** What is used of a node of LlamaIndex.TS. */
export interface LlamaNode {
  readonly id_: string;
  getEmbedding(): number[];
  setContent(value: unknown): void;
}

/**
 * What is used of `@llamaindex/core/vector-store` (or of `llamaindex`), handed in whole: `import * as llamaIndex from …`.
 * So nothing of it is a dependency here. What does not fit is told by the compiler.
 */
export interface LlamaIndexParts<Node extends LlamaNode> {
  nodeToMetadata(node: Node, removeText?: boolean): Record<string, unknown>;
  metadataDictToNode(metadata: Record<string, unknown>): Node;
}

export interface LlamaQuery {
  readonly queryEmbedding?: number[];
  readonly queryStr?: string;
  readonly similarityTopK: number;
  /** Ids of nodes. */
  readonly docIds?: string[];
  readonly mode: string;
  readonly filters?: LlamaFilters | undefined;
}

/** Of its JSON, in texts that metadata may hold: 4 bytes a character at most. */
const PIECE = 1000;

/**
 * A vector store of LlamaIndex.TS over a memory: nodes are signed blocks of one's own, found nodes come back whole and
 * verified, similarities are cosines.
 */
export class CosmicVectorStore<Node extends LlamaNode = LlamaNode, Model extends LlamaEmbedding = LlamaEmbedding> {
  readonly storesText = true;
  embedModel: Model;
  private readonly memory: Memory;
  private readonly parts: LlamaIndexParts<Node>;

  constructor(
    parts: LlamaIndexParts<Node>,
    { memory, embedModel }: { readonly memory: Memory; readonly embedModel: Model },
  ) {
    this.parts = parts;
    this.memory = memory;
    this.embedModel = embedModel;
  }

  client(): Memory {
    return this.memory;
  }

  /** Ids in order: the nodes' own. A node with a known id is its next version. */
  async add(nodes: Node[]): Promise<string[]> {
    const written = await this.memory.remember(
      nodes.map((node) => {
        const { _node_content: content, ...metadata } = this.parts.nodeToMetadata(node, true);
        return {
          id: node.id_,
          text: textOf(node),
          vectors: [Float32Array.from(node.getEmbedding())],
          metadata: { ...flatten(metadata), _node_content: pieces(String(content)) },
        };
      }),
    );
    return written.map(({ id }) => id);
  }

  /** All nodes of a document. */
  async delete(refDocId: string): Promise<void> {
    await this.memory.forget({ where: { ref_doc_id: refDocId } });
  }

  /** @throws CosmicError filter.unsupported (also of modes that are neither default, sparse nor hybrid), filter.malformed */
  async query(query: LlamaQuery): Promise<{ nodes: Node[]; similarities: number[]; ids: string[] }> {
    const where = narrowed(query);
    const options = { k: query.similarityTopK, ...(where === undefined ? {} : { where }) };
    const hits = query.similarityTopK < 1 ? [] : await this.memory.search(...asked(query, options));
    return {
      nodes: hits.map(({ text = '', metadata }) => {
        const { _node_content: content, ...rest } = metadata;
        const node = this.parts.metadataDictToNode({
          ...nest(rest),
          _node_content: Array.isArray(content) ? content.join('') : content,
        });
        node.setContent(text);
        return node;
      }),
      similarities: hits.map(({ cosine = 0 }) => cosine),
      ids: hits.map(({ id }) => id),
    };
  }
}

function asked(
  { mode, queryEmbedding, queryStr }: LlamaQuery,
  options: SearchOptions,
): [string | { vector: Float32Array }, SearchOptions] {
  if (mode === 'default') {
    if (queryEmbedding === undefined) throw new CosmicError('request.malformed', 'a query without an embedding');
    return [{ vector: Float32Array.from(queryEmbedding) }, options];
  }
  if (mode !== 'sparse' && mode !== 'hybrid') throw new CosmicError('filter.unsupported', `mode ${mode} of LlamaIndex`);
  if (queryStr === undefined) throw new CosmicError('request.malformed', `mode ${mode} needs the words of the query`);
  return [queryStr, { ...options, mode: mode === 'sparse' ? 'words' : 'hybrid' }];
}

function narrowed({ docIds, filters }: LlamaQuery): AnyWhere | undefined {
  const all: AnyWhere[] = [];
  if (filters !== undefined) all.push(whereOf(filters));
  if (docIds !== undefined) all.push({ '#id': { $in: docIds } });
  return all.length === 0 ? undefined : { $and: all };
}

function textOf(node: LlamaNode): string {
  // Its `text` is what it was made from; `getContent` may put metadata before it.
  const { text } = node as { readonly text?: unknown };
  if (typeof text !== 'string') throw new CosmicError('input.unsupported', `node ${node.id_} has no text`);
  return text;
}

function pieces(json: string): string[] {
  const points = [...json];
  return Array.from({ length: Math.ceil(points.length / PIECE) }, (_, i) =>
    points.slice(i * PIECE, (i + 1) * PIECE).join(''),
  );
}
