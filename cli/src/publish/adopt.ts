import { decodeBody, openBlock, toHex } from '@cosmicembeddings/sdk';
import type { NodeClient } from '@cosmicembeddings/sdk/api';
import { spaceIdOf, type SpaceDescriptor } from '@cosmicembeddings/sdk/space';
import { digest, partition, referencesOf, type Document, type Facts } from './document.js';
import type { Recipe } from './journal.js';

/** A block that stands on the node already, with what would make it again. */
export interface Adopted {
  readonly id: string;
  readonly timeMs: number;
  readonly salt: string;
  readonly supersedes: readonly string[];
}

const PAGE = 500;

/**
 * The author's blocks of this space on the node, by what they say: for a home folder that knows nothing of them — a new
 * machine, a lost journal — so that publishing a folder again does not double it.
 */
export async function blocksThere(client: NodeClient, facts: Facts): Promise<ReadonlyMap<string, Adopted>> {
  const there = new Map<string, Adopted>();
  const filter = { authors: [facts.author], kinds: ['embedding/1'], spaces: [facts.spaceId] };
  for (let after: string | undefined; ;) {
    const page = await client.find(filter, { limit: PAGE, order: 'oldest', ...(after === undefined ? {} : { after }) });
    const views = await Promise.all(page.ids.map((id) => client.get(id)));
    views.forEach((view, i) => {
      const said = view === undefined ? undefined : sayingOf(view.wire);
      if (said !== undefined) there.set(said.name, { id: page.ids[i]!, ...said });
    });
    after = page.next;
    if (after === undefined || page.ids.length === 0) return there;
  }
}

/** The blocks that the document would become, where all of them stand there; undefined otherwise. */
export function adoptedFor(
  document: Document,
  space: SpaceDescriptor,
  there: ReadonlyMap<string, Adopted>,
): Adopted[] | undefined {
  const { tags, dtype, text } = document.options;
  let at = 0;
  const found = partition(document, space).map((count) => {
    const references = referencesOf(document, document.passages.slice(at, (at += count)));
    return there.get(nameOf(spaceIdOf(space), tags, dtype, text, references));
  });
  return found.every((one) => one !== undefined) ? found : undefined;
}

/** One recipe out of the adopted blocks of a document. */
export function recipeOf(parts: readonly Adopted[]): Recipe {
  return {
    timeMs: parts[0]!.timeMs,
    salts: parts.map(({ salt }) => salt),
    supersedes: parts.flatMap(({ supersedes }) => supersedes),
  };
}

function sayingOf(wire: Uint8Array): ({ name: string } & Omit<Adopted, 'id'>) | undefined {
  const opened = openBlock(wire);
  if (opened.status === 'rejected' || opened.block.body === null) return undefined;
  const decoded = decodeBody(opened.block.body);
  if (decoded.status !== 'ok') return undefined;
  const { header } = opened.block;
  const body = decoded.body as unknown as {
    readonly salt: Uint8Array;
    readonly space: SpaceDescriptor;
    readonly tags: readonly string[];
    readonly embedding: { readonly dtype: string };
    readonly input_reference: readonly object[];
    readonly texts?: readonly unknown[];
  };
  return {
    name: nameOf(
      spaceIdOf(body.space),
      body.tags,
      body.embedding.dtype,
      body.texts !== undefined,
      body.input_reference,
    ),
    timeMs: header.timestamp,
    salt: toHex(body.salt),
    supersedes: (header.refs ?? []).filter(({ rel }) => rel === 'supersedes').map(({ id }) => String(id)),
  };
}

/** By space, tags, stored vectors' form and passages: not by salt, time or what the block supersedes. */
function nameOf(
  spaceId: string,
  tags: readonly string[],
  dtype: string,
  text: boolean,
  references: readonly object[],
): string {
  const said = references.map((reference) =>
    Object.entries(reference as Record<string, unknown>)
      .map(([key, value]) => [key, value instanceof Uint8Array ? toHex(value) : String(value)])
      .sort(),
  );
  return digest([spaceId, tags, dtype, text, said]);
}
