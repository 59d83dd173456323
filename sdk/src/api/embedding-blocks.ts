import { decodeBody, kindHeader, openBlock, type Header } from '../block/index.js';
import { checkAny, portableChecks } from '../formats/index.js';
import { embeddingKind, readBody, type EmbeddingBody } from '../kinds/index.js';
import type { NodeClient } from './client.js';

/** An `embedding/1` block of a space, read. */
export interface EmbeddingBlock {
  readonly id: string;
  readonly header: Header;
  readonly body: EmbeddingBody & { readonly tags: readonly string[]; readonly linked_blocks: readonly unknown[] };
}

const PAGE = 200;

/** Whose blocks are wanted, if one author's alone: then each is checked to be that author's, in this network. */
export interface Own {
  readonly did: string;
  readonly network: string;
}

/** Blocks of a space on the node, oldest first; what does not stand is left out. */
export async function* blocksIn(
  client: Pick<NodeClient, 'find' | 'read'>,
  space: string,
  own?: Own,
): AsyncGenerator<EmbeddingBlock> {
  const filter = {
    kinds: ['embedding/1'],
    spaces: [space],
    ...(own === undefined ? {} : { authors: [own.did] }),
  };
  const checks = own === undefined ? undefined : portableChecks(own.network);
  for (let after: string | undefined; ;) {
    const page = await client.find(filter, {
      limit: PAGE,
      order: 'oldest',
      hidden: 'hide',
      ...(after === undefined ? {} : { after }),
    });
    for (const view of await client.read(page.ids)) {
      if (view === undefined) continue;
      if (checks !== undefined) {
        const checked = checkAny(view.wire, checks);
        if (checked.status === 'rejected' || checked.id !== view.id || checked.entry.author !== own!.did) continue;
      }
      const block = embeddingOf(view.wire);
      if (block !== undefined) yield { id: view.id, ...block };
    }
    after = page.next;
    if (after === undefined || page.ids.length === 0) return;
  }
}

/** Undefined where the bytes are no embedding block whose body is there. Checks no signature. */
export function embeddingOf(wire: Uint8Array): Omit<EmbeddingBlock, 'id'> | undefined {
  const opened = openBlock(wire);
  if (opened.status === 'rejected' || opened.block.body === null) return undefined;
  const { header, body } = opened.block;
  const decoded = decodeBody(body);
  if (header.kind !== 'embedding/1' || decoded.status !== 'ok') return undefined;
  const parsed = readBody(embeddingKind, kindHeader(header), decoded.body, body.length);
  return parsed.ok ? { header, body: decoded.body as unknown as EmbeddingBlock['body'] } : undefined;
}
