import { decodeBody, limits, openBlock, toHex, utf8, withdrawalOf, type InputReference } from '@cosmicembeddings/sdk';
import type { NodeClient } from '@cosmicembeddings/sdk/api';
import { spaceIdOf, type SpaceDescriptor } from '@cosmicembeddings/sdk/space';
import { digest, partition, referencesOf, type Document, type Facts } from './document.js';
import type { Recipe } from './journal.js';
import type { PublishOptions } from './options.js';

/** A block of the author's on the node, as far as it says which document it is of. */
export interface Standing {
  readonly id: string;
  readonly origins: readonly string[];
  readonly timeMs: number;
  readonly salt: string;
  readonly supersedes: readonly string[];
  readonly options: PublishOptions;
  /** One a passage: its hash and where it is from. */
  readonly names: readonly string[];
  /** All that its references say, headings and language too. */
  readonly saying: string;
}

/** A publication of the very passages of a document. */
export interface Earlier {
  readonly origin: string;
  readonly ids: readonly string[];
  readonly options: PublishOptions;
  readonly recipe: Recipe;
  /** One a block. */
  readonly sayings: readonly string[];
}

/** What the node has of a document that this home knows nothing of. */
export interface Found {
  /** The newest publication that stands. */
  readonly earlier?: Earlier;
  /** Blocks of others that stand beside it. */
  readonly beside: readonly string[];
  /** None stands any more: this block has taken their place. */
  readonly newer?: string;
  /** Blocks that stand under the document's name and say something else. */
  readonly namesakes: readonly string[];
}

const PAGE = 500;
const AT_ONCE = 50;
const NAMES_MAX = 12;
/** Of one request, well within what a filter may hold. */
const ORIGINS_AT_ONCE = Math.floor(limits.whereValuesMax / 5);
const ORIGINS_MAX_BYTES = limits.whereMaxBytes / 4;

/**
 * The author's blocks of this space that stand under the names of these documents, for a home folder that knows nothing of
 * them: after a lost journal, on a new machine, or where they came from another node.
 */
export async function standingAs(
  documents: readonly Document[],
  client: NodeClient,
  facts: Facts,
): Promise<readonly Standing[]> {
  const origins = new Set(
    documents.flatMap(called).flatMap((one) => referencesOf(one, one.passages).map(({ origin }) => origin)),
  );
  const found: Standing[] = [];
  for (const some of portions([...origins])) {
    const filter = {
      authors: [facts.author],
      kinds: ['embedding/1'],
      spaces: [facts.spaceId],
      where: { '#origin': { $in: some } },
    };
    for (let after: string | undefined; ;) {
      const { ids, next } = await client.find(filter, {
        limit: PAGE,
        order: 'oldest',
        ...(after === undefined ? {} : { after }),
      });
      for (let at = 0; at < ids.length; at += AT_ONCE) {
        const views = await Promise.all(ids.slice(at, at + AT_ONCE).map((id) => client.get(id)));
        found.push(...views.flatMap((view, i) => (view === undefined ? [] : read(ids[at + i]!, view.wire, facts))));
      }
      after = next;
      if (after === undefined || ids.length === 0) break;
    }
  }
  return [...new Map(found.map((one) => [one.id, one])).values()];
}

/** A document under all names that it may have: an origin is the end of its path, from whichever folder was named. */
function called(document: Document): Document[] {
  const names = document.path.split(/[\\/]/).slice(-NAMES_MAX);
  const origins = names.map((_, i) => names.slice(i).join('/')).reverse();
  return [...new Set([document.origin, ...origins])].map((origin) => ({ ...document, origin }));
}

function portions(origins: readonly string[]): string[][] {
  const all: string[][] = [];
  let bytes = Infinity;
  for (const origin of origins) {
    const size = utf8(origin).length;
    if (bytes + size > ORIGINS_MAX_BYTES || all.at(-1)!.length === ORIGINS_AT_ONCE) {
      all.push([]);
      bytes = 0;
    }
    all.at(-1)!.push(origin);
    bytes += size;
  }
  return all;
}

/** What of all this is of one document. */
export async function foundOf(document: Document, all: readonly Standing[], client: NodeClient): Promise<Found> {
  const [asked, ...others] = called(document).map((one) => () => foundAs(one, all, client));
  const found = await asked!();
  if (found.earlier !== undefined || found.newer !== undefined) return found;
  for (const other of others) {
    const { earlier, beside, newer } = await other();
    if (earlier !== undefined || newer !== undefined)
      return { beside, ...(earlier && { earlier }), ...(newer && { newer }), namesakes: [] };
  }
  return found;
}

async function foundAs(document: Document, all: readonly Standing[], client: NodeClient): Promise<Found> {
  const references = referencesOf(document, document.passages);
  const origins = new Set(references.map(({ origin }) => origin));
  const names = references.map(nameOf);
  const groups = new Map<string, Standing[]>();
  const others: Standing[] = [];
  for (const one of all) {
    if (isWithin(one.names, names)) {
      const group = digest([one.options, one.timeMs]);
      groups.set(group, [...(groups.get(group) ?? []), one]);
    } else if (one.origins.some((origin) => origins.has(origin))) others.push(one);
  }
  const standing: Standing[][] = [];
  let newer: string | undefined;
  const same = new Set([...groups.values()].flat().map(({ id }) => id));
  for (const group of groups.values()) {
    const by = await whyNot(client, group);
    if (by === undefined) standing.push(group);
    // Of two publications of the same words the other may be withdrawn by now, as may be what came after both.
    else if (by.rel === 'supersedes' && !same.has(by.by) && (await withdrawalOf(client, by.by))?.rel !== 'retracts')
      newer = by.by;
  }
  const namesakes: string[] = [];
  for (const one of others) if ((await whyNot(client, [one])) === undefined) namesakes.push(one.id);
  const [newest, ...older] = standing.sort((a, b) => b[0]!.timeMs - a[0]!.timeMs);
  if (newest === undefined) return { beside: [], namesakes, ...(newer === undefined ? {} : { newer }) };
  return {
    earlier: { origin: document.origin, ...earlierOf(newest, names) },
    beside: older.flat().map(({ id }) => id),
    namesakes,
  };
}

/** Would publishing the document say nothing that this publication does not say? */
export function saysAll({ sayings, options, recipe }: Earlier, document: Document, space: SpaceDescriptor): boolean {
  const { tags, dtype, text, timeMs } = document.options;
  let at = 0;
  const wanted = partition(document, space).map((count) =>
    sayingOf(referencesOf(document, document.passages.slice(at, (at += count)))),
  );
  return (
    digest([sayings, options.tags, options.dtype, options.text]) === digest([wanted, tags, dtype, text]) &&
    (timeMs === undefined || timeMs === recipe.timeMs)
  );
}

function earlierOf(lines: readonly Standing[], names: readonly string[]): Omit<Earlier, 'origin'> {
  const place = ({ names: [first] }: Standing): number => names.indexOf(first!);
  const blocks = [...lines].sort((a, b) => place(a) - place(b));
  return {
    ids: blocks.map(({ id }) => id),
    options: blocks[0]!.options,
    recipe: {
      timeMs: blocks[0]!.timeMs,
      salts: blocks.map(({ salt }) => salt),
      supersedes: blocks.flatMap(({ supersedes }) => supersedes),
    },
    sayings: blocks.map(({ saying }) => saying),
  };
}

async function whyNot(client: NodeClient, lines: readonly Standing[]) {
  for (const { id } of lines) {
    const by = await withdrawalOf(client, id);
    if (by !== undefined) return by;
  }
  return undefined;
}

/** Are these among those, in their order? */
function isWithin(these: readonly string[], those: readonly string[]): boolean {
  let at = 0;
  for (const name of those) if (name === these[at]) at++;
  return at === these.length;
}

function read(id: string, wire: Uint8Array, facts: Facts): Standing[] {
  const opened = openBlock(wire);
  if (opened.status === 'rejected' || opened.block.body === null) return [];
  const decoded = decodeBody(opened.block.body);
  if (decoded.status !== 'ok') return [];
  const { header } = opened.block;
  const body = decoded.body as unknown as {
    readonly salt: Uint8Array;
    readonly space?: SpaceDescriptor;
    readonly tags: readonly string[];
    readonly embedding: { readonly dtype: PublishOptions['dtype'] };
    readonly input_reference: readonly InputReference[];
    readonly texts?: readonly unknown[];
  };
  const references = body.input_reference;
  if (body.space === undefined || spaceIdOf(body.space) !== facts.spaceId || references.length === 0) return [];
  const { language } = references[0]!;
  return [
    {
      id,
      origins: [...new Set(references.map(({ origin }) => origin))],
      timeMs: header.timestamp,
      salt: toHex(body.salt),
      supersedes: (header.refs ?? []).filter(({ rel }) => rel === 'supersedes').map((ref) => String(ref.id)),
      options: {
        tags: body.tags,
        ...(language === undefined ? {} : { language }),
        text: body.texts !== undefined,
        dtype: body.embedding.dtype,
      },
      names: references.map(nameOf),
      saying: sayingOf(references),
    },
  ];
}

function nameOf({ hash, origin }: Pick<InputReference, 'hash' | 'origin'>): string {
  return digest([hash && toHex(hash), origin]);
}

function sayingOf(references: readonly object[]): string {
  return digest(
    references.map((reference) =>
      Object.entries(reference)
        .map(([key, value]: [string, unknown]) => [key, value instanceof Uint8Array ? toHex(value) : String(value)])
        .sort(),
    ),
  );
}
