import {
  CosmicError,
  checkAny,
  createBlock,
  decodeBody,
  sha256,
  utf8,
  type Author,
  type BlockId,
  type Did,
} from '@cosmicembeddings/sdk';
import type { NodeClient } from '@cosmicembeddings/sdk/api';
import type { Filter } from '@cosmicembeddings/sdk/filter';
import { portableChecks } from '@cosmicembeddings/sdk/formats';
import { embeddingKind, type EmbeddingBody } from '@cosmicembeddings/sdk/kinds';
import { decodeMetadata, encodeMetadata, type AnyWhere, type Metadata } from '@cosmicembeddings/sdk/metadata';
import { packRows, spaceIdOf, spaceNamed, unpackRow, type SpaceDescriptor } from '@cosmicembeddings/sdk/space';
import { letOthersBy } from './bounds.js';
import { wrongDimension } from './refusal.js';

/** One record of a collection, as its block says. */
export interface Record {
  readonly id: string;
  readonly vector: Float32Array;
  readonly text: string | null;
  readonly metadata: Metadata | null;
  readonly uri: string | null;
}

export interface Kept extends Record {
  readonly block: BlockId;
  readonly timeMs: number;
}

/** Where records stand in the ledger: a collection of one's own, and the space of its vectors. */
export interface Shelf {
  readonly place: string;
  readonly model: string;
  readonly dims: number;
}

/** Own ids of one look-up; several kilobytes of them fit a filter. */
const IDS_AT_ONCE = 100;
const PAGE = 1000;
const PUBLISHED_AT_ONCE = 1000;
const REFS_MAX = 16;
/** Blocks signed before others of the gateway's requests go by. */
const MADE_IN_TURN = 32;
/** Records that are kept decoded; a block never changes. */
const KEPT_MAX = 25_000;

/** Records are one's own blocks of kind embedding/1, one row each; replacing supersedes, deleting retracts. */
export class Records {
  private readonly kept = new Map<BlockId, Kept>();
  private lastMs = 0;

  constructor(
    private readonly client: NodeClient,
    private readonly author: Author,
    private readonly did: Did,
  ) {}

  /** Block ids, oldest write first. */
  async find(shelf: Shelf, where?: AnyWhere): Promise<BlockId[]> {
    const found: BlockId[] = [];
    for (let after: string | undefined; ;) {
      const page = await this.client.find(this.filter(shelf, where), {
        limit: PAGE,
        order: 'oldest',
        hidden: 'hide',
        ...(after === undefined ? {} : { after }),
      });
      found.push(...page.ids);
      after = page.next;
      if (after === undefined) return found;
    }
  }

  filter(shelf: Shelf, where?: AnyWhere): Filter {
    const scope: AnyWhere = { '#collection': shelf.place };
    return {
      kinds: [embeddingKind.name],
      authors: [this.did],
      where: where === undefined ? scope : { $and: [scope, where] },
    };
  }

  /** Records of blocks, each block checked once; what is gone is left out. */
  async read(blocks: readonly BlockId[]): Promise<Kept[]> {
    const missing = blocks.filter((block) => !this.kept.has(block));
    const wires = missing.length === 0 ? [] : await this.client.read(missing);
    const fresh = new Map<BlockId, Kept>();
    missing.forEach((block, i) => {
      const record = wires[i] === undefined ? undefined : this.decode(block, wires[i].wire);
      if (record !== undefined) fresh.set(block, record);
    });
    const found = blocks.flatMap((block) => this.kept.get(block) ?? fresh.get(block) ?? []);
    for (const [block, record] of fresh) this.keep(block, record);
    return found;
  }

  /** What stands under these ids; of an id that was written twice at once the later. */
  async byIds(shelf: Shelf, ids: readonly string[]): Promise<Map<string, Kept[]>> {
    const found = new Map<string, Kept[]>();
    for (let from = 0; from < ids.length; from += IDS_AT_ONCE) {
      const blocks = await this.find(shelf, { '#id': { $in: ids.slice(from, from + IDS_AT_ONCE) } });
      for (const one of await this.read(blocks)) found.set(one.id, [one, ...(found.get(one.id) ?? [])]);
    }
    return found;
  }

  /** @throws CosmicError what the node refuses the first of them with */
  async write(shelf: Shelf, records: readonly Record[], before: ReadonlyMap<string, readonly Kept[]>): Promise<void> {
    const space = spaceOf(shelf);
    // In the order of their times, and none ahead of the clock.
    const startMs = Math.max(this.lastMs + 1, Date.now() - records.length);
    const made = [];
    for (const [i, record] of records.entries()) {
      if (i % MADE_IN_TURN === 0) await letOthersBy();
      if (record.vector.length !== space.dims)
        throw wrongDimension(
          `Collection expecting embedding with dimension of ${space.dims}, got ${record.vector.length}`,
        );
      const old = before.get(record.id) ?? [];
      const timeMs = Math.max(startMs + i, ...old.map((one) => one.timeMs + 1));
      const refs = old.slice(0, REFS_MAX).map(({ block }) => ({ rel: 'supersedes', id: block }));
      const { id, wire } = await createBlock(
        { kind: 'embedding/1', fields: fieldsOf(shelf, space, record), refs, timeMs },
        this.author,
      );
      this.lastMs = Math.max(this.lastMs, timeMs);
      made.push({ wire, kept: { ...record, block: id, timeMs } });
    }
    await this.publish(made.map(({ wire }) => wire));
    for (const { kept } of made) this.keep(kept.block, kept);
  }

  async retract(blocks: readonly BlockId[]): Promise<void> {
    const wires = [];
    for (let from = 0; from < blocks.length; from += REFS_MAX) {
      const refs = blocks.slice(from, from + REFS_MAX).map((id) => ({ rel: 'retracts', id }));
      wires.push((await createBlock({ kind: 'retract/1', fields: {}, refs, timeMs: Date.now() }, this.author)).wire);
    }
    await this.publish(wires);
  }

  private async publish(wires: readonly Uint8Array[]): Promise<void> {
    for (let from = 0; from < wires.length; from += PUBLISHED_AT_ONCE) {
      const answers = await this.client.publish(wires.slice(from, from + PUBLISHED_AT_ONCE), { wait: 'indexed' });
      for (const answer of answers) {
        if (answer.status === 'rejected') throw new CosmicError(answer.code, answer.detail);
        if (answer.status === 'later') throw new CosmicError('block.in_future', 'this clock is ahead of the node’s');
      }
    }
  }

  private keep(block: BlockId, record: Kept): void {
    if (this.kept.size >= KEPT_MAX) this.kept.delete(this.kept.keys().next().value!);
    this.kept.set(block, record);
  }

  private decode(block: BlockId, wire: Uint8Array): Kept | undefined {
    const checked = checkAny(wire, portableChecks(this.author.network));
    if (checked.status === 'rejected' || checked.id !== block || checked.body === null) return undefined;
    const decoded = decodeBody(checked.body);
    if (decoded.status === 'rejected' || checked.entry.author !== this.did) return undefined;
    const {
      embedding,
      space,
      texts,
      document,
      metadata,
      input_reference: references,
    } = decoded.body as unknown as EmbeddingBody;
    const field = metadata?.[0];
    const said = field === null || field === undefined ? null : decodeMetadata(field);
    return {
      id: document ?? block,
      block,
      timeMs: checked.timeMs,
      vector: unpackRow(embedding, space.dims, 0),
      text: texts?.[0] ?? null,
      metadata: typeof said === 'string' ? null : said,
      uri: references[0]?.origin === '' ? null : (references[0]?.origin ?? null),
    };
  }
}

export function spaceOf({ model, dims }: Shelf): SpaceDescriptor {
  return spaceNamed(model, dims);
}

export const spaceIdOfShelf = (shelf: Shelf): string => spaceIdOf(spaceOf(shelf));

function fieldsOf(shelf: Shelf, space: SpaceDescriptor, record: Record): EmbeddingBody {
  const { vector, text, metadata, uri, id } = record;
  const row = metadata === null || Object.keys(metadata).length === 0 ? undefined : encodeMetadata(metadata);
  return {
    space: { ...space },
    embedding: { ...packRows([vector], 'f32') },
    input_type: text === null ? 'other' : 'text',
    input_reference: [{ hash: text === null ? null : sha256(utf8(text)), origin: uri ?? '' }],
    ...(text === null ? {} : { texts: [text] }),
    collection: shelf.place,
    document: id,
    ...(row === undefined ? {} : { metadata: [row] }),
  };
}
