import { translatorKind, type Kind, type Plugin, type TranslatorBody } from '../../kinds/index.js';
import { integer, list, struct, text } from '../../schema/index.js';
import { spaceIdOf } from '../../space/index.js';
import type { View } from '../../views/view.js';
import { example } from '../example.js';

const id = text(128);
const share = integer(-1_000_000, 1_000_000);
const translator = struct({
  id,
  author: text(128),
  from: id,
  to: id,
  fromModel: text(256),
  toModel: text(256),
  method: text(16),
  anchors: integer(1, 65_536),
  heldOut: integer(0, 65_536),
  recallE6: share,
  cosineE6: share,
  agreementE6: share,
});

/** Which translators there are, with what their authors say of them (specs/kinds/translator.md). */
export const translatorsView: View<TranslatorBody> = {
  name: 'translators',
  version: 1,
  describe: 'Translators between spaces, with the quality that their authors state.',
  kinds: ['translator/1'],
  tables: { into: { key: ['to', 'from'] } },
  body: ({ author }, { from, to, method, anchors, quality }) => ({
    into: [
      {
        to: spaceIdOf(to),
        from: spaceIdOf(from),
        author,
        fromModel: from.model,
        toModel: to.model,
        method,
        anchors: anchors.n,
        heldOut: quality.n,
        recallE6: quality.recall_e6,
        cosineE6: quality.cosine_e6,
        agreementE6: quality.agreement_e6,
      },
    ],
  }),
  questions: {
    all: {
      describe: 'Translators, by the space into which they lead; of one space where `to` is given.',
      params: struct({}, { optional: { to: id } }),
      answer: struct({ translators: list(translator, 1000) }, { optional: { next: text(1024) } }),
      example: {
        translators: [
          {
            ...{ id: example.block, author: example.ann, from: example.other, to: example.space },
            ...{ fromModel: 'all-MiniLM-L6-v2', toModel: 'builtin/english-1', method: 'ridge', anchors: 500 },
            ...{ heldOut: 100, recallE6: 414_000, cosineE6: 620_000, agreementE6: 540_000 },
          },
        ],
      },
      page: true,
      *run(db, { to, limit, after }) {
        const { rows, next } = yield* db.page('into', to === undefined ? [] : [to as string], { limit, after });
        return { translators: rows.map(({ block, ...row }) => ({ id: block, ...row })), next };
      },
    },
  },
};

export const translatorsPlugin: Plugin = {
  name: 'translators',
  kinds: [translatorKind as Kind],
  views: [translatorsView],
  panels: [
    {
      name: 'all',
      title: 'Translators between spaces',
      shows: { view: 'translators', question: 'all', as: 'table', rows: 'translators' },
    },
  ],
};
