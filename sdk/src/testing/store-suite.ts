import { bareEntry } from '../memory/store.js';
import type { BlockId, CatalogueEntry, CheckedBlock } from '../block/types.js';
import { cidOf, DAG_CBOR, RAW } from '../codec/cid.js';
import { sha256 } from '../crypto/hash.js';
import { toHex, utf8 } from '../bytes.js';
import type { BlockStore, Catalogue, DecidedItem, Filter, TailItem, Wants } from '../ports/index.js';
import type { SpaceDescriptor } from '../space/descriptor.js';
import { spaceIdOf } from '../space/descriptor.js';
import type { SuiteRunner } from './index-suite.js';
import { testSpace } from './made-blocks.js';

export interface StoreSubject {
  readonly name: string;
  /** A new, empty store with its catalogue. */
  open(): Promise<{ readonly store: BlockStore; readonly catalogue: Catalogue }>;
  /** Most ids that its `decide` keeps, where that is few enough to test. */
  readonly decidedMax?: number;
}

const SPACE: SpaceDescriptor = testSpace('suite', 4, { normalized: false });

const OTHER: SpaceDescriptor = { ...SPACE, model: 'other' };

/** Blocks as a store sees them: it trusts what was checked, so nothing here is signed. */
export function testBlock(
  number: number,
  change: Partial<CatalogueEntry> & {
    readonly headerOnly?: boolean;
    readonly bodyBytes?: number;
    readonly python?: boolean;
  } = {},
): CheckedBlock {
  const { headerOnly = false, bodyBytes = 64, python = false, ...fields } = change;
  const digest = sha256(utf8(`block ${number}`));
  const entry: CatalogueEntry = {
    author: 'did:key:zA',
    kind: 'embedding/1',
    timeMs: 1_700_000_000_000 + number,
    tags: [],
    links: [],
    refs: [],
    rows: 1,
    ...fields,
  };
  const spaced =
    entry.rows > 0 && entry.space === undefined ? { ...entry, space: spaceIdOf(SPACE), descriptor: SPACE } : entry;
  return {
    status: 'checked',
    id: cidOf(python ? RAW : DAG_CBOR, digest).text,
    digest,
    format: python ? 'python/1' : 'native/2',
    timeMs: spaced.timeMs,
    entry: headerOnly ? bareEntry(spaced) : spaced,
    envelope: utf8(`envelope of block ${number}`),
    body:
      headerOnly || python
        ? null
        : utf8(`body of block ${number} `.repeat(Math.ceil(bodyBytes / 16)).slice(0, bodyBytes)),
    headerOnly,
  };
}

/** What every BlockStore with its Catalogue must do. */
export function storeSuite({ describe, test }: SuiteRunner, subject: StoreSubject): void {
  const withStore = (name: string, body: (store: BlockStore, catalogue: Catalogue) => Promise<void>): void =>
    test(name, async () => {
      const { store, catalogue } = await subject.open();
      await body(store, catalogue);
      await store.close();
    });

  describe(`store: ${subject.name}`, () => {
    withStore('an empty store', async (store, catalogue) => {
      const { seq, count, labels, epoch } = await store.head();
      equal({ seq, count, labels }, { seq: 0, count: 0, labels: 0 });
      if (epoch === '') throw new Error('an epoch must not be empty');
      equal(await store.tail({ epoch, seq: 0 }, 10), { items: [], upTo: { epoch, seq: 0 } });
      equal(await store.get([testBlock(1).id]), [undefined]);
      equal(await store.items(first, beyond, 10), []);
      equal((await catalogue.find({}, { limit: 10 })).ids, []);
      equal(await catalogue.labels({}), new Uint8Array(0));
    });

    withStore('keeps what it is given, in order and byte for byte', async (store) => {
      const blocks = [
        testBlock(1),
        testBlock(2, { rows: 3, tags: ['a', 'ü'], refs: [{ rel: 'supersedes', id: testBlock(1).id }] }),
        testBlock(3, { rows: 0 }),
      ];
      const results = await store.put(blocks.map((block, i) => ({ block, firstSeenMs: 100 + i })));
      equal(
        results.map(({ id, seq, fresh }) => ({ id, seq, fresh })),
        blocks.map(({ id }, i) => ({ id, seq: i + 1, fresh: true })),
      );
      const stored = await store.get([blocks[2]!.id, testBlock(9).id, blocks[1]!.id]);
      equal(stored[1], undefined);
      const second = stored[2]!;
      equal(bytes(second.envelope), bytes(blocks[1]!.envelope));
      equal(bytes(second.body!), bytes(blocks[1]!.body!));
      equal(second.entry, blocks[1]!.entry);
      equal(
        [second.id, second.seq, second.format, second.timeMs, second.firstSeenMs, second.firstLabel],
        [blocks[1]!.id, 2, 'native/2', blocks[1]!.timeMs, 101, 1],
      );
      equal([stored[0]!.seq, stored[0]!.firstLabel, stored[0]!.entry.rows], [3, 4, 0]);
      const { seq, count, labels } = await store.head();
      equal([seq, count, labels], [3, 3, 4]);
    });

    withStore('keeps an entry with all its fields', async (store) => {
      const other = testBlock(8).id;
      const full = testBlock(1, {
        tags: ['one', 'two'],
        links: [{ rel: 'cites', id: other }],
        refs: [{ rel: 'retracts', id: other }],
        prev: other,
        languages: ['en', 'de-at'],
        aliases: ['block-1'],
        rows: 0,
        inert: { code: 'kind.unknown', detail: 'x.example/1' },
      });
      await store.put([{ block: full, firstSeenMs: 1 }]);
      equal((await store.get([full.id]))[0]!.entry, full.entry);
    });

    withStore('a known block is not an error and takes no sequence number', async (store) => {
      await put(store, testBlock(1));
      const again = await store.put(
        [testBlock(1), testBlock(2), testBlock(2), testBlock(1)].map((block) => ({ block, firstSeenMs: 9 })),
      );
      equal(
        again.map(({ seq, fresh }) => [seq, fresh]),
        [
          [1, false],
          [2, true],
          [2, false],
          [1, false],
        ],
      );
      equal((await store.head()).seq, 2);
      equal((await store.get([testBlock(1).id]))[0]!.firstSeenMs, 5);
    });

    withStore('puts from many sides at once leave no gap in numbers or labels', async (store) => {
      const blocks = Array.from({ length: 300 }, (_, i) => testBlock(i, { rows: i % 4 }));
      const results = (
        await Promise.all([...blocks, ...blocks.slice(0, 50)].map((block) => store.put([{ block, firstSeenMs: 1 }])))
      ).flat();
      equal(results.filter(({ fresh }) => fresh).length, 300);
      const items = await tailOf(store);
      equal(
        items.map(({ seq }) => seq),
        Array.from({ length: 300 }, (_, i) => i + 1),
      );
      let label = 0;
      for (const item of items) {
        if (item.type !== 'put') throw new Error('only puts were made');
        equal(item.block.firstLabel, label);
        label += item.block.entry.rows;
      }
      equal((await store.head()).labels, label);
    });

    withStore('large batches and large bodies', async (store) => {
      const blocks = Array.from({ length: 3000 }, (_, i) => testBlock(i));
      equal((await store.put(blocks.map((block) => ({ block, firstSeenMs: 1 })))).at(-1)!.seq, 3000);
      const big = testBlock(5000, { bodyBytes: 4 * 1024 * 1024 });
      await put(store, big);
      equal(toHex(sha256((await store.get([big.id]))[0]!.body!)), toHex(sha256(big.body!)));
    });

    withStore('a buffer handed in may be reused afterwards', async (store) => {
      const block = testBlock(1);
      const wanted = bytes(block.body!);
      await put(store, block);
      block.body!.fill(0);
      equal(bytes((await store.get([block.id]))[0]!.body!), wanted);
    });

    withStore('a header-only block is completed by its body, once', async (store, catalogue) => {
      const whole = testBlock(1, { rows: 2, tags: ['t'] });
      await put(store, testBlock(1, { headerOnly: true, rows: 2, tags: ['t'] }));
      await put(store, testBlock(2));
      equal((await store.get([whole.id]))[0]!.body, null);
      const [completed] = await store.put([{ block: whole, firstSeenMs: 99 }]);
      equal([completed!.seq, completed!.fresh], [3, true]);
      const stored = (await store.get([whole.id]))[0]!;
      equal([bytes(stored.body!), stored.seq, stored.firstLabel, stored.firstSeenMs], [bytes(whole.body!), 3, 1, 5]);
      const items = await tailOf(store);
      equal(
        items.map((item) => [
          item.seq,
          item.type,
          item.type === 'put' && item.block.id,
          item.type === 'put' && item.block.body !== null,
          item.type === 'put' && item.block.entry.rows,
        ]),
        [
          [1, 'put', whole.id, false, 0],
          [2, 'put', testBlock(2).id, true, 1],
          [3, 'put', whole.id, true, 2],
        ],
      );
      equal((await store.head()).count, 2);
      equal((await catalogue.find({ tagsAll: ['t'] }, { limit: 9 })).ids, [whole.id]);
      equal((await put(store, testBlock(1, { headerOnly: true }))).fresh, false);
      equal((await put(store, whole)).fresh, false);
    });

    withStore(
      'an erased body never returns; the header and its authorship stay; the tail says so',
      async (store, catalogue) => {
        const block = testBlock(2, { rows: 3, tags: ['secret'], links: [{ rel: 'cites', id: testBlock(1).id }] });
        await put(store, testBlock(1));
        await put(store, block);
        equal(await store.erase([block.id], 'takedown'), [3]);
        equal(await store.erase([block.id], 'retention'), [3]);
        const again = await put(store, block);
        equal([again.fresh, again.erased], [false, 'takedown']);
        const stored = (await store.get([block.id]))[0]!;
        equal(
          [stored.body, stored.erased, bytes(stored.envelope), stored.entry],
          [null, 'takedown', bytes(block.envelope), bareEntry(block.entry)],
        );
        const items = await tailOf(store);
        equal(items[2], { seq: 3, type: 'erase', id: block.id, reason: 'takedown', firstLabel: 1, rows: 3 });
        equal((items[1] as { block: { body: unknown } }).block.body, null);
        const { count, labels } = await store.head();
        equal([count, labels], [2, 4]);
        equal(await catalogue.labels({}), Uint8Array.of(0b0001));
        equal(
          (await catalogue.blocksOf([0, 1, 3])).map((place) => place?.id),
          [testBlock(1).id, undefined, undefined],
        );
        equal((await catalogue.find({ tagsAll: ['secret'] }, { limit: 9 })).ids, []);
        equal(await catalogue.linksTo(testBlock(1).id), []);
        equal((await put(store, testBlock(3))).seq, 4);
        equal((await store.get([testBlock(3).id]))[0]!.firstLabel, 4);
      },
    );

    withStore('blocks whose rows were just looked up are read as they are now', async (store, catalogue) => {
      const [first, second] = [testBlock(1), testBlock(2)];
      await put(store, first);
      await put(store, second);
      const look = async (): Promise<unknown[]> =>
        (await catalogue.blocksOf([0, 1])).map((place) => place && [place.id, place.row]);
      equal(await look(), [
        [first.id, 0],
        [second.id, 0],
      ]);
      // Of searches side by side each takes its own, and no other's.
      equal(await look(), [
        [first.id, 0],
        [second.id, 0],
      ]);
      equal(bytes((await store.get([second.id]))[0]!.body!), bytes(second.body!));
      await store.erase([first.id], 'takedown');
      const [erased, whole] = await store.get([first.id, second.id]);
      equal([erased!.body, erased!.erased], [null, 'takedown']);
      equal([bytes(whole!.body!), whole!.seq], [bytes(second.body!), 2]);
    });

    withStore('erasing a header-only block keeps its body out', async (store) => {
      await put(store, testBlock(1, { headerOnly: true }));
      await store.erase([testBlock(1).id], 'retention');
      equal((await put(store, testBlock(1))).erased, 'retention');
      equal((await store.get([testBlock(1).id]))[0]!.body, null);
    });

    withStore('an author is known since the first of its blocks came', async (store, catalogue) => {
      equal(await catalogue.knownSince('did:key:zA'), undefined);
      await store.put([{ block: testBlock(2), firstSeenMs: 70 }]);
      await store.put([{ block: testBlock(1), firstSeenMs: 90 }]);
      await store.put([{ block: testBlock(3, { author: 'did:key:zB' }), firstSeenMs: 20 }]);
      equal(await catalogue.knownSince('did:key:zA'), 70);
      equal(await catalogue.knownSince('did:key:zB'), 20);
      equal(await catalogue.knownSince('did:key:zC'), undefined);
    });

    withStore('a version-1 block loses its text when erased', async (store, catalogue) => {
      const block = testBlock(1, { python: true, aliases: ['block-7'], timeMs: 0 });
      await put(store, block);
      await put(store, testBlock(2, { python: true, aliases: ['block-7'] }));
      equal((await store.get([block.id]))[0]!.format, 'python/1');
      equal(await catalogue.aliases('block-7'), [block.id, testBlock(2, { python: true }).id]);
      equal(await catalogue.aliases('block-8'), []);
      await store.erase([block.id], 'retracted');
      equal((await store.get([block.id]))[0]!.envelope.length, 0);
    });

    withStore('an unknown id can be withheld: what comes later is not kept, but decided', async (store) => {
      const block = testBlock(1);
      equal(await store.erase([block.id, testBlock(2).id], 'takedown'), [1, 2]);
      equal(await store.erase([block.id], 'takedown'), [1]);
      await refuses(store.erase(['no id'], 'takedown'), 'request.malformed');
      equal(await store.items(first, beyond, 10), []);
      const late = await put(store, block);
      equal([late.seq, late.fresh, late.erased], [1, false, 'takedown']);
      equal(await store.get([block.id]), [undefined]);
      equal((await store.items(first, beyond, 10)).map(text), [text(block)]);
      equal(
        (await tailOf(store)).map((item) => [item.seq, item.type, item.type === 'erase' && item.id]),
        [
          [1, 'erase', block.id],
          [2, 'erase', testBlock(2).id],
        ],
      );
      equal((await store.head()).count, 0);
    });

    withStore('decided ids come in order of time and digest, within bounds', async (store) => {
      const blocks = Array.from({ length: 40 }, (_, i) => testBlock(i, { timeMs: 1000 + (i % 5) }));
      await store.put(blocks.map((block) => ({ block, firstSeenMs: 1 })));
      const refused = Array.from({ length: 10 }, (_, i) => ({
        timeMs: 1000 + (i % 5),
        digest: testBlock(100 + i).digest,
      }));
      await store.decide(refused);
      await store.decide(refused.slice(0, 3));
      await store.decide([blocks[0]!]);
      const all = [...blocks, ...refused].map(text).sort();
      equal((await store.items(first, beyond, 1000)).map(text), all);
      equal((await store.items(first, beyond, 7)).map(text), all.slice(0, 7));
      const [from, to] = (await store.items(first, beyond, 1000)).filter((_, i) => i === 5 || i === 30);
      equal((await store.items(from!, to!, 1000)).map(text), all.slice(5, 30));
      equal(await store.items(to!, from!, 1000), []);
      const declined = (await store.items(first, beyond, 1000, 'declined')).map(text);
      equal(
        declined.filter((one) => one !== text(blocks[0]!)),
        refused.map(text).sort(),
      );
    });

    withStore('a refused block that is kept after all is decided once', async (store) => {
      await store.decide([testBlock(1)]);
      equal((await put(store, testBlock(1))).fresh, true);
      equal((await store.items(first, beyond, 10)).length, 1);
    });

    if (subject.decidedMax !== undefined) {
      const max = subject.decidedMax;
      withStore('refused ids are capped, the oldest dropped', async (store) => {
        for (let i = 0; i < max + 5; i++) await store.decide([{ timeMs: i, digest: testBlock(i).digest }]);
        const kept = await store.items(first, beyond, 10 * max);
        equal([kept.length, kept[0]!.timeMs], [max, 5]);
      });
    }

    withStore('the tail is read in pieces, from any place, and anew from a foreign epoch', async (store) => {
      await store.put(Array.from({ length: 25 }, (_, i) => ({ block: testBlock(i), firstSeenMs: 1 })));
      await store.erase([testBlock(3).id], 'quota');
      const { epoch } = await store.head();
      equal(
        (await store.tail({ epoch, seq: 20 }, 3)).items.map(({ seq }) => seq),
        [21, 22, 23],
      );
      equal((await store.tail({ epoch, seq: 20 }, 3)).upTo, { epoch, seq: 23 });
      equal(
        (await store.tail({ epoch, seq: 24 }, 10)).items.map(({ seq, type }) => [seq, type]),
        [
          [25, 'put'],
          [26, 'erase'],
        ],
      );
      equal(await store.tail({ epoch, seq: 26 }, 10), { items: [], upTo: { epoch, seq: 26 } });
      equal(
        (await store.tail({ epoch: 'another', seq: 20 }, 2)).items.map(({ seq }) => seq),
        [1, 2],
      );
      equal(
        (await store.tail({ epoch: '', seq: 0 }, 1)).items.map(({ seq }) => seq),
        [1],
      );
    });

    withStore('the tail brings what is wanted, and passes the rest', async (store) => {
      const target = testBlock(90).id;
      const block = (i: number): CheckedBlock =>
        testBlock(i, {
          ...(i % 10 === 3 ? { kind: 'poll.example/1', rows: 0 } : {}),
          ...(i % 10 === 7 ? { refs: [{ rel: 'supersedes', id: target }] } : {}),
        });
      await store.put(Array.from({ length: 40 }, (_, i) => ({ block: block(i + 1), firstSeenMs: 1 })));
      await store.erase([block(13).id, block(14).id, block(17).id, testBlock(99).id], 'quota');
      await put(store, testBlock(41, { headerOnly: true, kind: 'poll.example/1', rows: 0 }));
      const { epoch } = await store.head();
      const seqs = async (from: number, max: number, wants: Wants): Promise<[number[], number]> => {
        const { items, upTo } = await store.tail({ epoch, seq: from }, max, wants);
        equal(upTo.epoch, epoch);
        return [items.map(({ seq }) => seq), upTo.seq];
      };
      const polls = { kinds: ['poll.example/1'] };
      equal(await seqs(0, 9, polls), [[3, 13, 23, 33, 41, 45], 45]);
      equal(await seqs(0, 2, polls), [[3, 13], 13]);
      equal(await seqs(33, 9, polls), [[41, 45], 45]);
      equal(await seqs(45, 9, polls), [[], 45]);
      equal(await seqs(41, 9, { kinds: ['nobody.example/1'] }), [[], 45]);
      equal(await seqs(0, 9, { kinds: [] }), [[], 45]);
      equal(await seqs(0, 9, { kinds: [], rels: ['supersedes', 'nothing'] }), [[7, 17, 27, 37, 43], 45]);
      equal(await seqs(10, 4, { kinds: ['poll.example/1'], rels: ['supersedes'] }), [[13, 17, 23, 27], 27]);
      equal((await seqs(0, 99, { rels: ['supersedes'] }))[0].length, 45);
      await put(store, testBlock(42, { prev: target }));
      equal(await seqs(0, 9, { kinds: [], rels: ['prev'] }), [[46], 46]);
      const entries = await store.tail({ epoch, seq: 0 }, 1, { kinds: ['embedding/1'], parts: 'entries' });
      equal(
        entries.items.map(
          (item) => item.type === 'put' && [item.block.id, item.block.body, item.block.envelope.length],
        ),
        [[block(1).id, null, 0]],
      );
      const [erased] = (await store.tail({ epoch, seq: 40 }, 1, polls)).items;
      equal([erased!.type, erased!.type === 'erase' && erased!.id], ['erase', block(13).id]);
    });

    withStore('finds by every filter', async (store, catalogue) => {
      const target = testBlock(50).id;
      const blocks = [
        testBlock(1, { author: 'did:key:zB', tags: ['x', 'y'], languages: ['en-gb'] }),
        testBlock(2, { tags: ['x'], links: [{ rel: 'cites', id: target }], languages: ['en', 'de'] }),
        testBlock(3, { kind: 'poll.example/1', rows: 0, refs: [{ rel: 'supersedes', id: target }] }),
        testBlock(4, { tags: ['y'], prev: target, languages: ['enx'] }),
        testBlock(5, { space: spaceIdOf(OTHER), descriptor: OTHER, rows: 2 }),
      ];
      await store.put(blocks.map((block) => ({ block, firstSeenMs: 1 })));
      const numbers = async (filter: Filter): Promise<number[]> =>
        (await catalogue.find(filter, { limit: 100, order: 'oldest' })).ids.map(
          (id) => blocks.findIndex((block) => block.id === id) + 1,
        );
      const cases: [Filter, number[]][] = [
        [{}, [1, 2, 3, 4, 5]],
        [{ authors: ['did:key:zB'] }, [1]],
        [{ authors: ['did:key:zB', 'did:key:zA', 'nobody'] }, [1, 2, 3, 4, 5]],
        [{ authors: ['nobody'] }, []],
        [{ authors: [] }, []],
        [{ kinds: ['poll.example/1'] }, [3]],
        [{ spaces: [spaceIdOf(OTHER)] }, [5]],
        [{ spaces: [spaceIdOf(SPACE), 'nowhere'] }, [1, 2, 4]],
        [{ tagsAll: ['x', 'y'] }, [1]],
        [{ tagsAll: ['x', 'none'] }, []],
        [{ tagsAny: ['x', 'y', 'none'] }, [1, 2, 4]],
        [{ tagsAny: [] }, []],
        [{ links: [{ id: target }] }, [2, 3, 4]],
        [{ links: [{ rel: 'cites', id: target }] }, [2]],
        [{ links: [{ rel: 'prev', id: target }] }, [4]],
        [
          {
            links: [
              { rel: 'cites', id: target },
              { rel: 'supersedes', id: target },
            ],
          },
          [],
        ],
        [{ language: 'en' }, [1, 2]],
        [{ language: 'EN-GB' }, [1]],
        [{ language: '*' }, [1, 2, 4]],
        [{ fromMs: blocks[1]!.timeMs, toMs: blocks[3]!.timeMs }, [2, 3]],
        [{ hasRows: true }, [1, 2, 4, 5]],
        [{ hasRows: false }, [3]],
        [{ tagsAny: ['x'], authors: ['did:key:zA'], hasRows: true }, [2]],
        [{ tagsAll: [`x' OR 1=1 --`] }, []],
      ];
      for (const [filter, wanted] of cases) {
        equal({ filter, found: await numbers(filter) }, { filter, found: wanted });
        const labels = wanted.flatMap((n) => [[0], [1], [], [2], [3, 4]][n - 1]!);
        equal({ filter, bits: setBits(await catalogue.labels(filter)) }, { filter, bits: labels });
      }
      await store.put([{ block: testBlock(6, { tags: ['x'] }), firstSeenMs: 1 }]);
      equal(setBits(await catalogue.labels({ tagsAny: ['x'] })), [0, 1, 5]);
      await store.erase([blocks[0]!.id], 'takedown');
      equal(setBits(await catalogue.labels({ tagsAny: ['x'] })), [1, 5]);
    });

    withStore('pages neither repeat nor lose blocks, in both orders', async (store, catalogue) => {
      const blocks = Array.from({ length: 53 }, (_, i) =>
        testBlock(i, { timeMs: 1000 + (i % 7), tags: i % 2 === 0 ? ['even'] : [] }),
      );
      await store.put(blocks.map((block) => ({ block, firstSeenMs: 1 })));
      for (const order of ['newest', 'oldest'] as const) {
        const seen: BlockId[] = [];
        let after: string | undefined;
        do {
          const page = await catalogue.find({}, { limit: 10, order, ...(after === undefined ? {} : { after }) });
          seen.push(...page.ids);
          after = page.next;
          if (seen.length === 10)
            await put(store, testBlock(1000 + (order === 'newest' ? 1 : 2), { timeMs: order === 'newest' ? 9999 : 1 }));
        } while (after !== undefined && seen.length < 200);
        const wanted = [...blocks, ...(order === 'oldest' ? [testBlock(1001, { timeMs: 9999 })] : [])]
          .map((block) => ({ key: text(block), id: block.id }))
          .sort((a, b) => (a.key < b.key ? -1 : 1));
        equal(
          seen,
          (order === 'newest' ? wanted.reverse() : wanted).map(({ id }) => id),
        );
      }
      equal((await catalogue.find({ tagsAll: ['even'] }, { limit: 27 })).next, undefined);
      equal((await catalogue.find({}, { limit: 0 })).ids, []);
      await refuses(catalogue.find({}, { limit: 5, after: 'nonsense' }), 'request.malformed');
    });

    withStore('rows, links and counts', async (store, catalogue) => {
      const target = testBlock(50).id;
      await store.put(
        [
          testBlock(1, {
            rows: 2,
            links: [
              { rel: 'cites', id: target },
              { rel: 'cites', id: target },
              { rel: 'about', id: target },
            ],
          }),
          testBlock(2, {
            rows: 0,
            kind: 'note.example/1',
            author: 'did:key:zB',
            refs: [{ rel: 'retracts', id: target }],
          }),
          testBlock(3, { rows: 3 }),
        ].map((block) => ({ block, firstSeenMs: 1 })),
      );
      const [whole] = await store.get([testBlock(3).id]);
      const { envelope: _envelope, body: _body, ...bare } = whole!;
      equal(await catalogue.entriesOf([testBlock(9).id, testBlock(3).id]), [undefined, bare]);
      const place = (n: number, row: number): unknown => {
        const { id, entry } = testBlock(n);
        return { id, row, seq: n, author: entry.author };
      };
      equal(await catalogue.blocksOf([4, 0, 1, 2, 5, -1, 99]), [
        place(3, 2),
        place(1, 0),
        place(1, 1),
        place(3, 0),
        undefined,
        undefined,
        undefined,
      ]);
      equal(
        [...(await catalogue.linksTo(target))].map(({ id, rel }) => `${id} ${rel}`).sort(),
        [`${testBlock(1).id} about`, `${testBlock(1).id} cites`, `${testBlock(2).id} retracts`].sort(),
      );
      const counts = {
        blocks: 3,
        rows: 5,
        authors: 2,
        kinds: { 'embedding/1': 2, 'note.example/1': 1 },
        spaces: [{ id: spaceIdOf(SPACE), rows: 5, space: SPACE }],
      };
      equal(await catalogue.counts(), counts);
      const { ids } = await catalogue.find({}, { limit: 10 });
      const authors = (await catalogue.entriesOf(ids)).map((found) => found!.entry.author);
      for (const author of authors)
        equal(await catalogue.blocksBy(author), authors.filter((other) => other === author).length);
      equal(await catalogue.blocksBy('did:key:zNobody'), 0);
      const { id } = testBlock(3);
      const read = async (): Promise<unknown> => {
        const [block] = await store.get([id]);
        return [block?.id, block?.seq, block?.erased, block?.body === null];
      };
      equal(await read(), [id, 3, undefined, false]);
      await store.erase([id], 'quota');
      equal(await read(), [id, 3, 'quota', true]);
      equal(await catalogue.counts(), {
        ...counts,
        rows: 2,
        spaces: [{ id: spaceIdOf(SPACE), rows: 2, space: SPACE }],
      });
    });

    test('a closed store says so', async () => {
      const { store } = await subject.open();
      await store.close();
      let refused = false;
      await store.put([{ block: testBlock(1), firstSeenMs: 1 }]).catch(() => (refused = true));
      equal(refused, true);
    });
  });
}

const first: DecidedItem = { timeMs: 0, digest: new Uint8Array(32) };
const beyond: DecidedItem = { timeMs: Number.MAX_SAFE_INTEGER, digest: new Uint8Array(32).fill(255) };

async function put(
  store: BlockStore,
  block: CheckedBlock,
): ReturnType<BlockStore['put']> extends Promise<(infer R)[]> ? Promise<R> : never {
  return (await store.put([{ block, firstSeenMs: 5 }]))[0]!;
}

async function tailOf(store: BlockStore): Promise<TailItem[]> {
  const { epoch } = await store.head();
  const items: TailItem[] = [];
  for (;;) {
    const { items: more } = await store.tail({ epoch, seq: items.length }, 100);
    if (more.length === 0) return items;
    items.push(...more);
  }
}

function text({ timeMs, digest }: DecidedItem): string {
  return `${timeMs.toString().padStart(16, '0')} ${toHex(digest)}`;
}

function bytes(value: Uint8Array): string {
  return toHex(value);
}

function setBits(bits: Uint8Array): number[] {
  return Array.from({ length: bits.length * 8 }, (_, i) => i).filter((i) => (bits[i >> 3]! >> (i & 7)) & 1);
}

async function refuses(promise: Promise<unknown>, code: string): Promise<void> {
  const outcome = await promise.then(
    () => 'no error',
    (error: { code?: string }) => error.code,
  );
  equal(outcome, code);
}

/** Deep equality by canonical text: keys sorted, bytes as hexadecimal, absent and undefined alike. */
function equal(actual: unknown, expected: unknown): void {
  const [a, b] = [canonical(actual), canonical(expected)];
  if (a !== b) throw new Error(`expected ${b.slice(0, 2000)}\n     got ${a.slice(0, 2000)}`);
}

function canonical(value: unknown): string {
  if (value instanceof Uint8Array) return `hex ${toHex(value)}`;
  if (Array.isArray(value)) return `[${value.map(canonical).join(', ')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'undefined';
  const fields = Object.entries(value).filter(([, field]) => field !== undefined);
  return `{${fields
    .sort(([x], [y]) => (x < y ? -1 : 1))
    .map(([key, field]) => `${key}: ${canonical(field)}`)
    .join(', ')}}`;
}
