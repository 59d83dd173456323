import { createRegistry, decodeBody, toHex, type Plugin, type StoredBlock } from '@cosmicembeddings/sdk';
import { createMemoryKeyed } from '@cosmicembeddings/sdk/memory';
import { createViewWorld, type WorldBlock } from '@cosmicembeddings/sdk/testing';
import { afterPrefix, encodeTuple, planCones, space, takeBatch } from '@cosmicembeddings/sdk/views';

const BATCH = 64;

/** The rows of all views of these plug-ins over a node's blocks in the order of their arrival, as text to compare. */
export function foldedRows(plugins: readonly Plugin[], blocks: readonly StoredBlock[]): string {
  const registry = createRegistry(plugins);
  const world = createViewWorld(registry);
  for (const block of blocks) world.put(worldBlock(block), block.body === null);
  return planCones(registry)
    .map((plan) => {
      const store = createMemoryKeyed();
      for (let from = 0; from < world.head; from += BATCH) {
        const seq = Math.min(world.head, from + BATCH);
        takeBatch(plan, store, world, world.items(from, seq), { epoch: 'simulated', seq });
      }
      const prefix = encodeTuple([space.rows]);
      return store
        .range(prefix, afterPrefix(prefix), Infinity)
        .map(([key, value]) => `${toHex(key)} ${toHex(value)}`)
        .join('\n');
    })
    .join('\n');
}

function worldBlock({ id, body, timeMs, entry }: StoredBlock): WorldBlock {
  const { kind, author, refs, prev, links, tags } = entry;
  const decoded = body === null ? undefined : decodeBody(body);
  const { salt: _salt, tags: _tags, linked_blocks: _links, ...fields } = decoded?.status === 'ok' ? decoded.body : {};
  return {
    ...{ id, kind, author, timeMs, refs, links, tags },
    ...(prev === undefined ? {} : { prev }),
    ...(decoded?.status === 'ok' ? { fields } : {}),
  };
}
