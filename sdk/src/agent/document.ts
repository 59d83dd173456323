import { decodeBody } from '../block/check.js';
import type { BlockId, CheckedBlock } from '../block/types.js';
import { toHex } from '../bytes.js';
import { parseCid } from '../codec/cid.js';
import type { Did } from '../crypto/identity.js';
import { CosmicError } from '../errors.js';
import type { PageKey } from '../filter/index.js';
import { checkAny } from '../formats/index.js';
import { embeddingKind, type EmbeddingBody } from '../kinds/embedding.js';
import { decodeMetadata, type Metadata } from '../metadata/index.js';
import type { NodeApi } from '../ports/index.js';
import { spaceIdOf } from '../space/index.js';
import { timeEvidence } from '../sky/index.js';
import type { Document, ReaderParts, ReadMost } from './parts.js';
import { SealedMemories } from './sealed.js';
import type { Item } from './types.js';

export type { Document } from './parts.js';

/** Blocks whose wire bytes were checked, by id: a block never changes. */
const KEPT = { blocks: 512, bytes: 32 * 1024 * 1024 };

/** A block that was read and checked; `document` where it holds one. */
interface Read {
  readonly document?: Document;
  /** Where a page ends that ends with it. */
  readonly key: PageKey;
  readonly bytes: number;
}

export class Documents {
  private readonly kept = new Map<BlockId, Read>();
  private keptBytes = 0;

  readonly sealed: SealedMemories;

  constructor(
    private readonly parts: Pick<ReaderParts, 'api' | 'checks' | 'identities' | 'readMost'>,
    private readonly keptMost: ReadMost = KEPT,
  ) {
    this.sealed = new SealedMemories(parts);
  }

  /** In the order asked; undefined where the node has no such document any more, or the block is of another kind. */
  async read(ids: readonly BlockId[], api: Pick<NodeApi, 'get'> = this.parts.api): Promise<(Document | undefined)[]> {
    return (await Promise.all(ids.map((id) => this.one(id, api)))).map((read) => read?.document);
  }

  /** The same as far as `readMost` goes; `lastKey`: where it ended, if not all were read. */
  async readSome(
    ids: readonly BlockId[],
    most = this.parts.readMost,
  ): Promise<{ readonly documents: readonly Document[]; readonly isWhole: boolean; readonly lastKey?: PageKey }> {
    if (most === undefined)
      return { documents: (await this.read(ids)).filter((one) => one !== undefined), isWhole: true };
    const documents: Document[] = [];
    let lastKey: PageKey | undefined;
    let bytes = 0;
    for (const [i, id] of ids.entries()) {
      if (i >= most.blocks || bytes >= most.bytes)
        return { documents, isWhole: false, ...(lastKey === undefined ? {} : { lastKey }) };
      const read = await this.one(id, this.parts.api);
      if (read === undefined) continue;
      lastKey = read.key;
      bytes += read.bytes;
      if (read.document !== undefined) documents.push(read.document);
    }
    return { documents, isWhole: true };
  }

  /** Of a block that was checked already. */
  of(checked: CheckedBlock, bytes: number): Document | undefined {
    return (this.kept.get(checked.id) ?? this.keep(checked, bytes)).document;
  }

  private async one(id: BlockId, api: Pick<NodeApi, 'get'>): Promise<Read | undefined> {
    const known = this.kept.get(id);
    if (known !== undefined) return known;
    const view = await api.get(id);
    if (view === undefined) return undefined;
    const checked = checkAny(view.wire, this.parts.checks);
    if (checked.status === 'rejected') throw new CosmicError(checked.code, `${id}: ${checked.detail}`);
    if (checked.id !== id) throw new CosmicError('block.malformed', `asked for ${id}, the node gave ${checked.id}`);
    return this.keep(checked, view.wire.length);
  }

  private keep(checked: CheckedBlock, bytes: number): Read {
    const document = documentOf(checked);
    const key = { timeMs: checked.timeMs, digest: toHex(parseCid(checked.id).digest!) };
    const read: Read = { key, bytes, ...(document === undefined ? {} : { document }) };
    // What has no body may get it.
    if (document === undefined) return read;
    this.kept.set(checked.id, read);
    this.keptBytes += bytes;
    for (const [oldest, { bytes: theirs }] of this.kept) {
      if (this.kept.size <= this.keptMost.blocks && this.keptBytes <= this.keptMost.bytes) break;
      this.kept.delete(oldest);
      this.keptBytes -= theirs;
    }
    return read;
  }
}

function documentOf({ id, body: bytes, entry, timeMs }: CheckedBlock): Document | undefined {
  if (bytes === null || entry.kind !== embeddingKind.name || entry.inert !== undefined) return undefined;
  const decoded = decodeBody(bytes);
  if (decoded.status === 'rejected') return undefined;
  const body = decoded.body as unknown as EmbeddingBody;
  return {
    block: id,
    author: entry.author as Did,
    timeMs,
    tags: entry.tags,
    supersedes: entry.refs.filter(({ rel }) => rel === 'supersedes').map(({ id: old }) => old),
    space: spaceIdOf(body.space),
    sealed: false,
    body,
  };
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
