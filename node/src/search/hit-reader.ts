import {
  contentOf,
  embeddingKind,
  readEnvelope,
  decode,
  type BlockId,
  type BlockStore,
  type Catalogue,
  type Head,
  type Passage,
  type Registry,
  type StoredBlock,
  valueUnder,
} from '@cosmicembeddings/sdk';
import { hasLabel } from './bits.js';

/** A row as answers show it, decoded. */
export interface HitRow {
  readonly id: BlockId;
  readonly row: number;
  readonly seq: number;
  readonly space?: string;
  readonly author: string;
  readonly kind: string;
  readonly timeMs: number;
  readonly firstSeenMs: number;
  /** The sky's label, e.g. `Orion-127.5`. */
  readonly label?: string;
  readonly tags: readonly string[];
  readonly origin?: string;
  readonly heading?: string;
  readonly passage?: string;
}

interface Kept {
  readonly row: HitRow;
  /** When the row was last seen to be there: by erasures, or by the store's sequence number. */
  seenAt: number;
}

export interface HitReaderOptions {
  readonly store: Pick<BlockStore, 'get'>;
  readonly catalogue: Pick<Catalogue, 'blocksOf' | 'storedOf'>;
  readonly registry: Registry;
  readonly maxBytes: number;
  /** Counts up with every erasure: nothing else changes a row that was read. */
  readonly erasures?: () => number;
}

/**
 * Decodes the rows behind labels, once: what was read stays in memory while it is used, and is asked for again
 * (is it still there?) whenever something was erased. Erased rows are not answered.
 */
export class HitReader {
  /** Rows that were read or shown lately, and those of the time before: together at most `maxBytes`. */
  private recent = new Map<number, Kept>();
  private earlier = new Map<number, Kept>();
  private recentBytes = 0;
  /** Labels whose row carries a text, and labels that were looked at. */
  private texts: Uint8Array = new Uint8Array(0);
  private looked: Uint8Array = new Uint8Array(0);
  private epoch = '';

  constructor(private readonly options: HitReaderOptions) {}

  /** Same order as asked; undefined where nothing is to be shown any more. */
  async read(labels: readonly number[], head: Head): Promise<(HitRow | undefined)[]> {
    if (head.epoch !== this.epoch) this.clear(head.epoch);
    const at = this.options.erasures?.() ?? head.seq;
    const found = new Map<number, HitRow>();
    const open: number[] = [];
    for (const label of labels) {
      const kept = this.keptAt(label);
      if (kept?.seenAt !== at) open.push(label);
      else found.set(label, kept.row);
    }
    if (open.length > 0) await this.fetch(open, at, found);
    return labels.map((label) => found.get(label));
  }

  /** Blocks that have no rows. */
  async readBlocks(ids: readonly BlockId[]): Promise<(HitRow | undefined)[]> {
    const stored = await this.options.store.get(ids);
    return stored.map((block) =>
      block === undefined || block.erased !== undefined
        ? undefined
        : rowOf(block, 0, textOf(block, this.options.registry)),
    );
  }

  /** Does the row carry a text? undefined: not looked at yet. */
  carriesText(label: number): boolean | undefined {
    if (hasLabel(this.texts, label)) return true;
    return hasLabel(this.looked, label) ? false : undefined;
  }

  private async fetch(labels: readonly number[], at: number, found: Map<number, HitRow>): Promise<void> {
    const unread: number[] = [];
    const known = labels.filter((label) => this.keptAt(label) !== undefined || (unread.push(label), false));
    const places = known.length === 0 ? [] : await this.options.catalogue.blocksOf(known);
    known.forEach((label, i) => {
      const kept = this.keptAt(label)!;
      const place = places[i];
      if (place === undefined) this.drop(label);
      else if (kept.row.id !== place.id) unread.push(label);
      else {
        kept.seenAt = at;
        found.set(label, kept.row);
      }
    });
    if (unread.length === 0) return;
    const texts = new Map<BlockId, BlockText>();
    (await this.options.catalogue.storedOf(unread)).forEach((stored, i) => {
      if (stored === undefined) return;
      const { block, row } = stored;
      let text = texts.get(block.id);
      if (text === undefined) texts.set(block.id, (text = textOf(block, this.options.registry)));
      const hit = rowOf(block, row, text);
      found.set(unread[i]!, hit);
      this.keep(unread[i]!, hit, at);
    });
  }

  private keep(label: number, row: HitRow, seenAt: number): Kept {
    const kept = { row, seenAt };
    this.recent.set(label, kept);
    this.recentBytes +=
      400 +
      2 * ((row.passage?.length ?? 0) + (row.heading?.length ?? 0) + (row.origin?.length ?? 0)) +
      40 * row.tags.length;
    if (this.recentBytes > this.options.maxBytes / 2) {
      this.earlier = this.recent;
      this.recent = new Map();
      this.recentBytes = 0;
    }
    this.looked = mark(this.looked, label);
    if (row.passage !== undefined) this.texts = mark(this.texts, label);
    return kept;
  }

  private keptAt(label: number): Kept | undefined {
    const kept = this.recent.get(label);
    if (kept !== undefined) return kept;
    const before = this.earlier.get(label);
    return before && this.keep(label, before.row, before.seenAt);
  }

  private drop(label: number): void {
    this.recent.delete(label);
    this.earlier.delete(label);
  }

  private clear(epoch: string): void {
    this.recent.clear();
    this.earlier.clear();
    this.recentBytes = 0;
    this.texts = this.looked = new Uint8Array(0);
    this.epoch = epoch;
  }
}

function mark(bits: Uint8Array, label: number): Uint8Array {
  let grown = bits;
  if (label >> 3 >= bits.length) {
    grown = new Uint8Array(Math.max(1024, 2 * (label >> 3) + 2));
    grown.set(bits);
  }
  grown[label >> 3]! |= 1 << (label & 7);
  return grown;
}

interface BlockText {
  readonly passages: readonly (Passage | undefined)[];
  /** Where rows came from, also those whose text stayed with the author. */
  readonly references: readonly { readonly origin: string; readonly heading?: string }[];
  readonly skyLabel?: string;
}

/**
 * What a stored block says for people. A native `embedding/1` block passed its kind's schema when it came in, so only its
 * texts are read and its vectors are not looked at again; everything else is read as followers read it.
 */
function textOf(block: StoredBlock, registry: Registry): BlockText {
  const { format, entry, body, envelope } = block;
  if (format !== 'native/2' || entry.kind !== embeddingKind.name || entry.inert !== undefined || body === null) {
    const { passages, skyLabel } = contentOf(block, registry);
    return { passages, references: [], ...(skyLabel === undefined ? {} : { skyLabel }) };
  }
  const part = (name: string): unknown => {
    const bytes = valueUnder(body, name);
    return bytes === undefined ? undefined : decode(bytes);
  };
  const read = { input_reference: part('input_reference'), texts: part('texts') } as EmbeddingBody;
  const label = labelOf(envelope);
  return {
    passages: embeddingKind.passages!(read),
    references: read.input_reference,
    ...(label === undefined ? {} : { skyLabel: label }),
  };
}

type EmbeddingBody = Parameters<NonNullable<typeof embeddingKind.passages>>[0];

function labelOf(envelope: Uint8Array): string | undefined {
  const read = readEnvelope(envelope);
  const stamp = read.status === 'rejected' ? undefined : valueUnder(read.envelope.header, 'cosmic_signature');
  const label = stamp === undefined ? undefined : valueUnder(stamp, 'label');
  return label === undefined ? undefined : (decode(label) as string);
}

function rowOf(block: StoredBlock, row: number, text: BlockText): HitRow {
  const passage = text.passages[row];
  const origin = passage?.origin ?? text.references[row]?.origin;
  const heading = passage?.heading ?? text.references[row]?.heading;
  const { entry } = block;
  return {
    id: block.id,
    row,
    seq: block.seq,
    ...(entry.space === undefined ? {} : { space: entry.space }),
    author: entry.author,
    kind: entry.kind,
    timeMs: block.timeMs,
    firstSeenMs: block.firstSeenMs,
    ...(text.skyLabel === undefined ? {} : { label: text.skyLabel }),
    tags: entry.tags,
    ...(origin === undefined ? {} : { origin }),
    ...(heading === undefined ? {} : { heading }),
    ...(passage === undefined ? {} : { passage: passage.text }),
  };
}
