import { createHash } from 'node:crypto';
import {
  createBlock,
  fromHex,
  limits,
  sha256,
  utf8,
  type Author,
  type CreatedBlock,
  type EmbeddingBody,
  type InputReference,
} from '@cosmicembeddings/sdk';
import { packRows, rowBytes, type SpaceDescriptor } from '@cosmicembeddings/sdk/space';
import type { Recipe } from './journal.js';
import type { FilePassage } from './open-file.js';
import type { PublishOptions } from './options.js';

export interface Document {
  readonly path: string;
  readonly origin: string;
  /** Of a file that is too long for one document: which part it is, from 0. */
  readonly part: number;
  readonly passages: readonly FilePassage[];
  readonly options: PublishOptions;
}

/** Bytes of a body that rows and texts may take; the rest is for references and headings. */
const ROWS_MAX_BYTES = limits.bodyMaxBytes * 0.75;
const REFERENCE_BYTES = 160;

/** Which passages share a block: all of a document, unless they are too many or too long. Counts in order. */
export function partition(document: Document, space: SpaceDescriptor): number[] {
  const counts: number[] = [];
  let bytes = Infinity;
  for (const passage of document.passages) {
    const heading = (passage.heading?.length ?? 0) * 4;
    const size =
      rowBytes(document.options.dtype, space.dims) +
      document.origin.length +
      (passage.at?.length ?? 0) +
      heading +
      REFERENCE_BYTES +
      (document.options.text ? utf8(passage.text).length : 0);
    if (bytes + size > ROWS_MAX_BYTES || counts.at(-1) === limits.rowsMax) {
      counts.push(0);
      bytes = 0;
    }
    counts[counts.length - 1]!++;
    bytes += size;
  }
  return counts;
}

/** One block for each part, all from one recipe: the same input and recipe make the same bytes. */
export async function makeBlocks(
  document: Document,
  vectors: readonly Float32Array[],
  space: SpaceDescriptor,
  recipe: Recipe,
  author: Author,
): Promise<CreatedBlock[]> {
  const { options } = document;
  const blocks: CreatedBlock[] = [];
  let from = 0;
  const parts = partition(document, space);
  for (const [part, count] of parts.entries()) {
    const passages = document.passages.slice(from, from + count);
    const fields: EmbeddingBody = {
      space,
      embedding: { ...packRows(vectors.slice(from, from + count), options.dtype) },
      input_type: 'text',
      input_reference: referencesOf(document, passages),
      ...(options.text ? { texts: passages.map((passage) => passage.text) } : {}),
    };
    blocks.push(
      await createBlock(
        {
          kind: 'embedding/1',
          fields,
          tags: options.tags,
          refs: supersededBy(recipe.supersedes, part, parts.length),
          timeMs: recipe.timeMs,
          ...(options.place === undefined ? {} : { place: options.place }),
        },
        { ...author, salt: () => fromHex(recipe.salts[part]!) },
      ),
    );
    from += count;
  }
  return blocks;
}

export function referencesOf(document: Document, passages: readonly FilePassage[]): InputReference[] {
  const { language } = document.options;
  return passages.map((passage) => ({
    hash: sha256(utf8(passage.text)),
    origin: passage.at === undefined ? document.origin : `${document.origin}#${passage.at}`,
    ...(passage.heading === undefined ? {} : { heading: passage.heading }),
    ...(language === undefined ? {} : { language }),
  }));
}

/** Old blocks spread over the new ones: part for part, what is left over with the last. */
function supersededBy(old: readonly string[], part: number, parts: number): { rel: string; id: string }[] {
  const share = part === parts - 1 ? old.slice(part) : old.slice(part, part + 1);
  return share.slice(0, limits.refsMax).map((id) => ({ rel: 'supersedes', id }));
}

/** Whose blocks, where: the part of a call that no other call's work may cross. */
export interface Facts {
  /** did:key of the node. */
  readonly node: string;
  readonly author: string;
  readonly network: string;
  readonly spaceId: string;
}

export interface Names {
  readonly source: string;
  readonly input: string;
  readonly content: string;
  readonly where: string;
}

/** Names of a document: see `PublishedLine`. The node is no part of `input`: one block may stand on many nodes. */
export function namesOf({ path, part, origin, passages, options }: Document, { node, ...facts }: Facts): Names {
  const said = [options.tags, options.language ?? null, options.text, options.dtype];
  return {
    source: sourceOf(path, part, { node, ...facts }),
    input: digest([facts, origin, said, passages]),
    content: digest(passages),
    where: whereOf({ node, ...facts }),
  };
}

export function whereOf({ node, ...facts }: Facts): string {
  return digest([node, facts]);
}

export function sourceOf(path: string, part: number, facts: Facts): string {
  return digest(part === 0 ? [facts, path] : [facts, path, part]);
}

export function digest(value: unknown): string {
  return createHash('sha256').update(JSON.stringify(value)).digest('hex').slice(0, 40);
}
