import type { Plugin } from '../../kinds/index.js';
import { list, struct, text } from '../../schema/index.js';
import type { View } from '../../views/view.js';
import { isSameIdentity } from '../identities/identity.js';
import { example } from '../example.js';

const fork = struct({ prev: text(64), author: text(128), blocks: list(text(64), 1024, 2) });

/** Two or more blocks of one identity that claim to follow the same one. */
export const forksView: View = {
  name: 'forks',
  version: 2,
  describe: 'Blocks of one identity that claim to follow the same one.',
  rels: ['prev'],
  reads: ['identities@2'],
  tables: { after: { key: ['prev'] } },
  head: ({ prev, author }) => (prev === undefined ? {} : { after: [{ prev, author }] }),
  derived: {
    /** Blocks that several follow, by whomever. */
    followed: {
      op: 'group',
      from: 'after',
      by: ['prev'],
      key: ['prev'],
      rows: (rows) => (rows.length < 2 ? [] : [{ prev: rows[0]!['prev']! }]),
    },
  },
  questions: {
    all: {
      describe: 'Forks, by the block that is followed; those of one identity where author is given.',
      params: struct({}, { optional: { author: text(128) } }),
      answer: struct({ forks: list(fork, 1000) }, { optional: { next: text(1024) } }),
      example: { forks: [{ prev: example.space, author: example.ann, blocks: [example.block, example.other] }] },
      page: true,
      *run(db, { author, limit, after }) {
        const { rows, next } = yield* db.page('followed', [], { limit, after });
        const forks = [];
        for (const { prev } of rows) {
          const rest = [...(yield* db.rows('after', [prev as string], { limit: 1024 }))];
          while (rest.length > 0) {
            const first = rest.shift()!;
            const own = [first];
            for (const row of [...rest])
              if (yield* isSameIdentity(db, row['author'] as string, first['author'] as string))
                own.push(...rest.splice(rest.indexOf(row), 1));
            const isAsked =
              author === undefined || (yield* isSameIdentity(db, author as string, first['author'] as string));
            if (own.length > 1 && isAsked)
              forks.push({ prev, author: first['author'], blocks: own.map(({ block }) => block as string).sort() });
          }
        }
        return { forks, next };
      },
    },
  },
};

export const forksPlugin: Plugin = {
  name: 'forks',
  kinds: [],
  views: [forksView],
  panels: [{ name: 'all', title: 'Forks', shows: { view: 'forks', question: 'all', as: 'table', rows: 'forks' } }],
};
