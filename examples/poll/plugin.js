// A plug-in from outside of the project: one kind, one view. Named in a node's configuration
// (plugins: ["./examples/poll/plugin.js"]) it answers GET /v2/views/poll/result?id=… and `cosmic view poll result id=…`.
import { ownFields } from '@cosmicembeddings/sdk/kinds';
import { bool, either, integer, list, struct, text } from '@cosmicembeddings/sdk/schema';

const option = text(100, { minBytes: 1 });
const asks = struct({ question: text(300, { minBytes: 1 }), options: list(option, 20, 2) });
const votes = struct({ choice: integer(0, 19) });
const id = text(64, { pattern: /^baf/ });

/** Body: {question, options} opens a poll; {choice} votes in the one that the header refers to as `about`. */
const pollKind = {
  name: 'poll.example/1',
  describe: 'A question with options, or a vote in one.',
  maxBytes: 8192,
  schema: either(asks, votes).json,
  refs: [{ rel: 'about', max: 1, what: 'the poll that is voted in; none where one is opened' }],
  parse({ refs }, body) {
    const own = ownFields(body);
    const poll = refs.find(({ rel }) => rel === 'about')?.id;
    const fault =
      ('choice' in own ? votes : asks)(own, 'body') ??
      ('choice' in own === (poll === undefined) ? 'header.refs: a vote, and nothing else, is about a poll' : undefined);
    return fault === undefined
      ? { ok: true, body: { ...own, poll } }
      : { ok: false, code: 'kind.malformed', detail: fault };
  },
  passages: ({ question, options }) => (question === undefined ? [] : [{ text: `${question} ${options.join(' · ')}` }]),
};

const tally = struct({
  id,
  known: bool,
  question: text(300),
  result: list(struct({ option, votes: integer(0, Number.MAX_SAFE_INTEGER) }), 20),
});

function* result(db, pollId) {
  const poll = yield* db.body(pollId);
  if (poll?.options === undefined) {
    yield* db.missing(pollId);
    return { id: pollId, known: false, question: '', result: [] };
  }
  const counts = new Map((yield* db.rows('tally', [pollId])).map(({ choice, count }) => [choice, count]));
  return {
    id: pollId,
    known: true,
    question: poll.question,
    result: poll.options.map((one, i) => ({ option: one, votes: counts.get(i) ?? 0 })),
  };
}

const pollView = {
  name: 'poll',
  version: 2,
  describe: 'Polls and their results: one vote an author.',
  kinds: ['poll.example/1'],
  tables: { polls: { key: ['id'] }, ballots: { key: ['poll', 'author'] } },
  body: (header, { options, choice, poll }) =>
    options === undefined
      ? { ballots: [{ poll, author: header.author, choice, timeMs: header.timeMs }] }
      : { polls: [{ id: header.id }] },
  derived: {
    /** The one with the latest claimed time, of equal ones that with the greater id (rows come in the order of ids). */
    counted: {
      op: 'group',
      from: 'ballots',
      by: ['poll', 'author'],
      key: ['poll', 'choice'],
      rows: (rows) => {
        const { poll, choice } = rows.reduce((last, one) => (one.timeMs >= last.timeMs ? one : last));
        return [{ poll, choice }];
      },
    },
    tally: { op: 'sum', from: 'counted', by: ['poll', 'choice'] },
  },
  questions: {
    result: {
      describe: 'How many chose what.',
      params: struct({ id }),
      answer: tally,
      run: (db, { id: pollId }) => result(db, pollId),
    },
    list: {
      describe: 'All polls with their results.',
      params: struct({}),
      answer: struct({ polls: list(tally, 1000) }, { optional: { next: text(1024) } }),
      page: true,
      *run(db, { limit, after }) {
        const { rows, next } = yield* db.page('polls', [], { limit, after });
        const polls = [];
        for (const row of rows) polls.push(yield* result(db, row.id));
        return { polls, next };
      },
    },
  },
};

export default {
  name: 'poll',
  kinds: [pollKind],
  views: [pollView],
  commands: [
    { name: 'new', describe: 'Ask something, or vote', does: { create: 'poll.example/1' } },
    { name: 'result', describe: 'How many chose what', does: { ask: { view: 'poll', question: 'result' } } },
  ],
  panels: [
    {
      name: 'result',
      title: 'Result of a poll',
      shows: { view: 'poll', question: 'result', as: 'bars', rows: 'result' },
    },
    { name: 'list', title: 'Polls', shows: { view: 'poll', question: 'list', as: 'table', rows: 'polls' } },
    { name: 'new', title: 'Ask or vote', shows: { form: 'poll.example/1' } },
  ],
};
