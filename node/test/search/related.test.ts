import { expect, test } from '@jest/globals';
import { Ledger, noise, spaceNamed } from './ledger.ts';

const space = spaceNamed('test/words');

test('related blocks come with their reasons: links out, links in, nearness', async () => {
  const ledger = new Ledger();
  const [cited, near] = await ledger.put(
    { rows: [{ vector: noise(1), text: 'cited' }], space },
    { rows: [{ vector: [1, 0.1, 0, 0, 0, 0, 0, 0], text: 'near' }], space },
  );
  const [centre] = await ledger.put({
    rows: [{ vector: [1, 0, 0, 0, 0, 0, 0, 0], text: 'centre' }],
    space,
    links: [{ rel: 'cites', id: cited! }],
  });
  const [citing] = await ledger.put({
    rows: [{ text: 'a comment' }],
    rowless: true,
    links: [{ rel: 'comments', id: centre! }],
  });
  const { related } = await ledger.search.related(centre!, 10);
  expect(related.map((one) => one.id)).toEqual([cited, citing, near]);
  expect(related[0]!.reasons).toEqual([
    { reason: 'links_to', rel: 'cites' },
    expect.objectContaining({ reason: 'near' }),
  ]);
  expect(related[1]).toMatchObject({ reasons: [{ reason: 'linked_from', rel: 'comments' }], kind: 'note.example/1' });
  expect(related[2]).toMatchObject({
    reasons: [{ reason: 'near', cosine: expect.closeTo(0.995, 3) }],
    passage: 'near',
  });
  expect((await ledger.search.related(centre!, 2)).related).toHaveLength(2);
  expect((await ledger.search.related(citing!, 5)).related).toMatchObject([
    { id: centre, reasons: [{ reason: 'links_to', rel: 'comments' }] },
  ]);
  await expect(ledger.search.related('bafyreinothing', 5)).rejects.toThrow('block.not_found');
});

test('a link to a block that is not here is still a link', async () => {
  const ledger = new Ledger();
  const elsewhere = new Ledger();
  const [away] = await elsewhere.put({ rows: [{ vector: noise(3) }], space });
  const [here] = await ledger.put({ rows: [{ vector: noise(2) }], space, links: [{ rel: 'cites', id: away! }] });
  expect((await ledger.search.related(here!, 5)).related).toEqual([
    { id: away, reasons: [{ reason: 'links_to', rel: 'cites' }] },
  ]);
});

test('links by ten strangers take one place of ten; the author’s own links keep theirs', async () => {
  const ledger = new Ledger();
  const [centre] = await ledger.put({ rows: [{ vector: [1, 0, 0, 0, 0, 0, 0, 0], text: 'centre' }], space });
  await ledger.put(
    ...Array.from({ length: 12 }, (_, i) => ({
      rows: [{ vector: [1, 0.2 + i / 10, 0.3, 0, 0, 0, 0, 0], text: `near ${i}` }],
      space,
    })),
  );
  const hostile = await ledger.put(
    ...Array.from({ length: 10 }, (_, i) => ({
      rows: [{ vector: noise(40 + i), text: `look here ${i}` }],
      space,
      author: `did:key:zSybil${i}`,
      links: [{ rel: 'cites', id: centre! }],
    })),
  );
  const [own] = await ledger.put({
    rows: [{ vector: noise(7), text: 'a sequel' }],
    space,
    links: [{ rel: 'continues', id: centre! }],
  });
  const { related } = await ledger.search.related(centre!, 10);
  expect(related[0]!.id).toBe(own);
  expect(related.filter(({ id }) => hostile.includes(id))).toHaveLength(1);
  expect((await ledger.search.related(centre!, 50)).related.filter(({ id }) => hostile.includes(id))).toHaveLength(10);
});
