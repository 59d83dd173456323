import { attestKind, type AttestBody, type Kind, type Plugin } from '../../kinds/index.js';
import { bool, integer, list, struct, text } from '../../schema/index.js';
import type { BlockHeader, Db, Row, View, Ask } from '../../views/view.js';
import { isSameIdentity } from '../identities/identity.js';
import { example } from '../example.js';

const READ_MAX = 200;
const id = text(64);
const attestation = struct({
  by: text(128),
  block: id,
  agrees: bool,
  cosineE6: integer(-1_000_000, 1_000_000),
  rows: integer(1, 65_536),
  runtime: text(128),
});

/** Who computed a block's vectors anew, and whether they came out the same (specs/kinds/attest.md). */
export const attestationsView: View<AttestBody> = {
  name: 'attestations',
  version: 1,
  describe: 'Who computed the vectors of a block anew, and whether they came out the same.',
  kinds: ['attest/1'],
  reads: ['identities@2'],
  tables: { said: { key: ['of', 'by'] } },
  body: ({ author, refs, timeMs }, { agrees, cosine_e6, rows, runtime }) => ({
    said: refs
      .filter(({ rel }) => rel === 'attests')
      .map((ref) => ({ of: ref.id, by: author, timeMs, agrees, cosineE6: cosine_e6, rows, runtime })),
  }),
  *verdict(db, block) {
    const said = yield* independent(db, block);
    if (said.length === 0) return undefined;
    const [agree, differ] = [
      said.filter((one) => one['agrees'] === true),
      said.filter((one) => one['agrees'] !== true),
    ];
    const count = (n: number): string => `${n} other author${n === 1 ? '' : 's'}`;
    return {
      says: differ.length === 0 ? `attested by ${agree.length}` : agree.length === 0 ? 'not reproduced' : 'disputed',
      why: [
        ...(agree.length === 0 ? [] : [`${count(agree.length)} computed its vectors anew and agree`]),
        ...(differ.length === 0 ? [] : [`${count(differ.length)} got other vectors`]),
      ].join('; '),
      by: said.map((one) => one['block'] as string),
    };
  },
  questions: {
    of: {
      describe: 'What other authors say of the vectors of a block, of each the latest.',
      params: struct({ id }),
      answer: struct({
        agree: integer(0, READ_MAX),
        differ: integer(0, READ_MAX),
        attestations: list(attestation, READ_MAX),
      }),
      example: {
        ...{ agree: 1, differ: 0 },
        attestations: [
          {
            by: example.bob,
            block: example.other,
            agrees: true,
            cosineE6: 999_998,
            rows: 3,
            runtime: 'builtin/english-1',
          },
        ],
      },
      *run(db, { id: asked }) {
        const block = yield* db.block(asked as string);
        if (block === undefined) {
          yield* db.missing(asked as string);
          return { agree: 0, differ: 0, attestations: [] };
        }
        const said = yield* independent(db, block);
        return {
          agree: said.filter((one) => one['agrees'] === true).length,
          differ: said.filter((one) => one['agrees'] !== true).length,
          attestations: said.map(({ by, block: from, agrees, cosineE6, rows, runtime }) => ({
            by,
            block: from,
            agrees,
            cosineE6,
            rows,
            runtime,
          })),
        };
      },
    },
  },
};

/** Of each author but the block's own the latest word; keys of one identity are one author as far as its own block goes. */
function* independent(db: Db, block: BlockHeader): Ask<readonly Row[]> {
  const latest = new Map<string, Row>();
  for (const row of yield* db.rows('said', [block.id], { limit: READ_MAX })) {
    const by = row['by'] as string;
    const known = latest.get(by);
    if (known !== undefined && !isLater(row, known)) continue;
    if (known !== undefined || !(yield* isSameIdentity(db, by, block.author))) latest.set(by, row);
  }
  return [...latest.values()];
}

function isLater(a: Row, b: Row): boolean {
  const [x, y] = [a['timeMs'] as number, b['timeMs'] as number];
  return x > y || (x === y && (a['block'] as string) > (b['block'] as string));
}

export const attestationsPlugin: Plugin = {
  name: 'attestations',
  kinds: [attestKind as Kind],
  views: [attestationsView],
  panels: [
    {
      name: 'of',
      title: 'Who computed its vectors anew',
      shows: { view: 'attestations', question: 'of', as: 'table', rows: 'attestations' },
    },
  ],
};
