import type { NodeStatus } from '@cosmicembeddings/sdk';
import { createClient } from '@cosmicembeddings/sdk/api';
import { whatAStampProves } from '@cosmicembeddings/sdk/sky';
import { showBlock } from './pages/block.js';
import { showHome } from './pages/home.js';
import { showList } from './pages/list.js';
import { explain, showHits } from './pages/search.js';
import { showForm, showQuestion, showViews } from './pages/views.js';
import { chips } from './parts/chips.js';
import { byId, count } from './parts/element.js';
import { addressOf, hasFilter, isQuestion, queryOf } from './parts/query.js';
import { wireTheme } from './parts/theme.js';

const client = createClient({ url: new URL('.', location.href).href });
const form = byId<HTMLFormElement>('ask');
const input = byId<HTMLInputElement>('q');
const place = { content: byId('content'), say: (text: string) => void (byId('say').textContent = text) };
let asking = new AbortController();

/** Shows what the address says: `?q=…&tag=…`, `#block=…`, `#views`, `#view=NAME/QUESTION?…` or `#form=KIND`. */
async function show(): Promise<void> {
  asking.abort();
  asking = new AbortController();
  const { signal } = asking;
  const [, page, target = ''] = /^#(block|views|view|form)(?:=(.+))?$/.exec(location.hash) ?? [];
  const which = decodeURIComponent(target);
  const query = queryOf(location.search);
  if (document.activeElement !== input) input.value = query.words;
  document.body.classList.toggle('answered', page !== undefined || isQuestion(query) || hasFilter(query));
  place.content.replaceChildren();
  const narrowed = page === undefined ? chips(query) : undefined;
  byId('chips').replaceChildren(...(narrowed === undefined ? [] : [narrowed]));
  try {
    const status = await showNode();
    const { network } = status;
    if (page === 'block') await showBlock(which, network, client, place);
    else if (page === 'views') await showViews(client, place);
    else if (page === 'view') await showQuestion(which, client, place, signal);
    else if (page === 'form') await showForm(which, client, place);
    else if (isQuestion(query)) await showHits(query, network, client, place, signal);
    else if (hasFilter(query)) await showList(query, network, client, place, signal);
    else {
      place.say('');
      await showHome(status, client, place, signal);
    }
  } catch (error) {
    if (!signal.aborted) place.say(explain(error));
  }
}

/** The line about the node. */
async function showNode(): Promise<NodeStatus> {
  const status = await client.status();
  const { counts, head, network: id, peers } = status;
  byId('node').textContent =
    `${count(head.count, 'block')}, ${count(counts.rows, 'vector')}, ${count(counts.authors, 'author')}, ${count(peers, 'peer')}, network ${id}`;
  return status;
}

form.addEventListener('submit', (event) => {
  event.preventDefault();
  history.pushState(null, '', addressOf({ ...queryOf(location.search), like: undefined, words: input.value.trim() }));
  void show();
});
addEventListener('popstate', () => void show());
wireTheme(byId<HTMLButtonElement>('theme'), () => void show());
byId('meaning').textContent = whatAStampProves;
if (location.search === '') input.focus();
void show();
