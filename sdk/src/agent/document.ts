import { decodeBody } from '../block/check.js';
import type { BlockId } from '../block/types.js';
import type { Did } from '../crypto/identity.js';
import { CosmicError } from '../errors.js';
import { checkAny } from '../formats/index.js';
import { embeddingKind, type EmbeddingBody } from '../kinds/embedding.js';
import { decodeMetadata, type Metadata } from '../metadata/index.js';
import type { NodeApi } from '../ports/index.js';
import { spaceIdOf } from '../space/index.js';
import { timeEvidence } from '../sky/index.js';
import type { Document, ReaderParts } from './parts.js';
import { SealedMemories } from './sealed.js';
import type { Item } from './types.js';

export type { Document } from './parts.js';

/** Blocks whose wire bytes were checked, by id: a block never changes. */
const KEPT = 512;

export class Documents {
  private readonly kept = new Map<BlockId, Document>();

  readonly sealed: SealedMemories;

  constructor(private readonly parts: Pick<ReaderParts, 'api' | 'checks' | 'identities'>) {
    this.sealed = new SealedMemories(parts);
  }

  /** In the order asked; undefined where the node has no such document any more, or the block is of another kind. */
  async read(ids: readonly BlockId[], api: Pick<NodeApi, 'get'> = this.parts.api): Promise<(Document | undefined)[]> {
    return Promise.all(ids.map((id) => this.one(id, api)));
  }

  private async one(id: BlockId, api: Pick<NodeApi, 'get'>): Promise<Document | undefined> {
    const known = this.kept.get(id);
    if (known !== undefined) return known;
    const view = await api.get(id);
    if (view === undefined) return undefined;
    const checked = checkAny(view.wire, this.parts.checks);
    if (checked.status === 'rejected') throw new CosmicError(checked.code, `${id}: ${checked.detail}`);
    if (checked.id !== id) throw new CosmicError('block.malformed', `asked for ${id}, the node gave ${checked.id}`);
    if (checked.body === null || checked.entry.kind !== embeddingKind.name || checked.entry.inert !== undefined)
      return undefined;
    const decoded = decodeBody(checked.body);
    if (decoded.status === 'rejected') return undefined;
    const body = decoded.body as unknown as EmbeddingBody;
    const document: Document = {
      block: id,
      author: checked.entry.author as Did,
      timeMs: checked.timeMs,
      tags: checked.entry.tags,
      supersedes: checked.entry.refs.filter(({ rel }) => rel === 'supersedes').map(({ id: old }) => old),
      space: spaceIdOf(body.space),
      sealed: false,
      body,
    };
    if (this.kept.size >= KEPT) this.kept.delete(this.kept.keys().next().value!);
    this.kept.set(id, document);
    return document;
  }
}

export function metadataOf({ body }: Document, row: number): Metadata {
  const field = body.metadata?.[row];
  const metadata = field === null || field === undefined ? {} : decodeMetadata(field);
  return typeof metadata === 'string' ? {} : metadata;
}

/** `row` undefined: the whole document, its passages with a blank line between. */
export function itemOf(
  document: Document,
  row: number | undefined,
  versions: number,
  { did, trust }: Pick<ReaderParts, 'did' | 'trust'>,
): Item {
  const { body, author } = document;
  const texts = row === undefined ? body.texts : [body.texts?.[row] ?? null];
  const text = texts?.every((one) => one !== null) ? texts.join('\n\n') : undefined;
  const name = Object.keys(trust).find((petname) => keysOf(trust[petname]!).includes(author));
  const origin = body.input_reference[row ?? 0]?.origin;
  return {
    id: body.document ?? document.block,
    block: document.block,
    row: row ?? 0,
    ...(text === undefined ? {} : { text }),
    metadata: metadataOf(document, row ?? 0),
    tags: document.tags,
    ...(origin === undefined || origin === '' ? {} : { origin }),
    timeMs: document.timeMs,
    timeTier: timeEvidence(document.timeMs).tier,
    versions,
    sealed: document.sealed,
    author: {
      did: author,
      ...(name === undefined ? {} : { name }),
      mine: author === did,
      trusted: author === did || name !== undefined,
    },
  };
}

/** The keys behind a name. */
export function keysOf(named: Did | readonly Did[]): readonly Did[] {
  return typeof named === 'string' ? [named] : named;
}
