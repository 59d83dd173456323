// A plug-in from outside of the project: one kind, one view. Named in a node's configuration
// (plugins: ["./examples/poll/plugin.js"]) it answers GET /v2/views/poll/result?id=… and `cosmic view poll result id=…`.
import { ownFields } from '@cosmicembeddings/sdk/kinds';
import { integer, list, struct, text } from '@cosmicembeddings/sdk/schema';

const asks = struct({ question: text(300, { minBytes: 1 }), options: list(text(100, { minBytes: 1 }), 20, 2) });
const votes = struct({ choice: integer(0, 19) });

/** Body: {question, options} opens a poll; {choice} with a link {rel: "about", id: poll} votes in it. */
const pollKind = {
  name: 'poll.example/1',
  maxBytes: 8192,
  parse(body) {
    const own = ownFields(body);
    const fault = ('choice' in own ? votes : asks)(own, 'body');
    return fault === undefined ? { ok: true, body: own } : { ok: false, code: 'kind.malformed', detail: fault };
  },
};

/** One vote an author: the one with the latest claimed time, of equal ones that with the greater id. */
function apply(state, { block: { id, author, timeMs, links, body } }) {
  if (body?.options !== undefined) state.polls.set(id, body);
  for (const link of body?.choice === undefined ? [] : links) {
    if (link.rel !== 'about') continue;
    const ballots = state.ballots.get(link.id) ?? new Map();
    state.ballots.set(link.id, ballots);
    const before = ballots.get(author);
    const isLater = !before || before.timeMs < timeMs || (before.timeMs === timeMs && before.vote < id);
    if (isLater) ballots.set(author, { choice: body.choice, timeMs, vote: id });
  }
  return state;
}

function result({ polls, ballots }, id) {
  const poll = polls.get(id);
  if (poll === undefined) return { id, known: false };
  const choices = [...(ballots.get(id)?.values() ?? [])].map(({ choice }) => choice);
  const countOf = (i) => choices.filter((choice) => choice === i).length;
  return { id, question: poll.question, result: poll.options.map((option, i) => ({ option, votes: countOf(i) })) };
}

const pollView = {
  name: 'poll',
  version: 1,
  kinds: ['poll.example/1'],
  empty: () => ({ polls: new Map(), ballots: new Map() }),
  apply,
  queries: {
    result: (state, { id }) => result(state, id),
    list: (state) => ({ polls: [...state.polls.keys()].sort().map((id) => result(state, id)) }),
  },
};

export default { name: 'poll', kinds: [pollKind], views: [pollView] };
