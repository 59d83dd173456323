import { createHash } from 'node:crypto';
import { blocksIn, type EmbeddingBlock, type NodeClient, type Own } from '@cosmicembeddings/sdk/api';

/** What moving an author's blocks to another space comes to. */
export interface Work {
  readonly open: readonly EmbeddingBlock[];
  /** Old blocks of which all texts are in the new space. */
  readonly done: readonly string[];
  /** Blocks that stay as they are: rows of theirs carry no text. */
  readonly silent: readonly string[];
}

/**
 * What there is to do: read from the node alone, so that whoever begins again after a crash goes on. Done is a block each of whose texts
 * is in a new one that is linked to it: numbers of rows would count a part twice that was published twice, or a translation by a person.
 */
export async function workOf(
  client: Pick<NodeClient, 'find' | 'read'>,
  from: string,
  to: string,
  own: Own,
): Promise<Work> {
  const moved = new Map<string, Set<string>>();
  for await (const { body } of blocksIn(client, to, own))
    for (const { rel, id } of body.linked_blocks as readonly { rel: string; id: { readonly text: string } }[]) {
      if (rel !== 'translates') continue;
      const texts = moved.get(id.text) ?? new Set();
      for (const text of body.texts ?? []) if (text !== null) texts.add(nameOf(text));
      moved.set(id.text, texts);
    }
  const [open, done, silent]: [EmbeddingBlock[], string[], string[]] = [[], [], []];
  for await (const block of blocksIn(client, from, own)) {
    const { texts } = block.body;
    const there = moved.get(block.id);
    if (texts === undefined || texts.some((text) => text === null || text.trim() === '')) silent.push(block.id);
    else if (there !== undefined && texts.every((text) => there.has(nameOf(text!)))) done.push(block.id);
    else open.push(block);
  }
  return { open, done, silent };
}

function nameOf(text: string): string {
  return createHash('sha256').update(text).digest('base64');
}
