// A kind of one's own, as a node takes it (plugins: ["./examples/custom-kind.js"]) and a program that writes it: ratings of
// other blocks. Nodes without it keep the blocks and pass them on. With a view of its own: examples/poll/plugin.js.
import { corePlugins, createBlock, createRegistry, customKind } from '@cosmicembeddings/sdk';
import { ownFields } from '@cosmicembeddings/sdk/kinds';
import { integer, struct, text } from '@cosmicembeddings/sdk/schema';

const rating = struct({ stars: integer(1, 5) }, { optional: { why: text(300) } });

export const ratingKind = {
  name: 'rating.example/1',
  describe: 'Stars for another block.',
  maxBytes: 1024,
  schema: rating.json,
  refs: [{ rel: 'about', min: 1, max: 1, what: 'the block that is rated' }],
  parse(_header, body) {
    const own = ownFields(body);
    const fault = rating(own, 'body');
    return fault === undefined ? { ok: true, body: own } : { ok: false, code: 'kind.malformed', detail: fault };
  },
  // What search finds, and what filters ask: `{ where: { stars: { $gte: 4 } } }`.
  passages: ({ why }) => (why === undefined ? [] : [{ text: why }]),
  facts: ({ stars }) => [{ row: -1, key: 'stars', value: stars }],
};

const plugin = { name: 'ratings', kinds: [ratingKind], views: [] };
export default plugin;

/** Rates a block; what the kind does not allow is refused here, before it is signed. `author`: as `createBlock` takes it. */
export async function rate(client, author, id, stars, why) {
  const registry = createRegistry([...corePlugins, plugin]);
  const { wire } = await createBlock(
    {
      kind: customKind(ratingKind.name),
      fields: { stars, why },
      refs: [{ rel: 'about', id }],
      timeMs: Date.now() - 1000,
    },
    { ...author, registry },
  );
  const [answer] = await client.publish([wire], { wait: 'indexed' });
  return answer.status;
}
