import { createClient } from '@cosmicembeddings/sdk/api';
import { whatAStampProves } from '@cosmicembeddings/sdk/sky';
import { showBlock } from './pages/block.js';
import { explain, showHits } from './pages/search.js';
import { showForm, showQuestion, showViews } from './pages/views.js';
import { byId, count } from './parts/element.js';
import { wireTheme } from './parts/theme.js';

const client = createClient({ url: new URL('.', location.href).href });
const form = byId<HTMLFormElement>('ask');
const input = byId<HTMLInputElement>('q');
const place = { content: byId('content'), say: (text: string) => void (byId('say').textContent = text) };
let asking = new AbortController();
let network: string | undefined;

/** Shows what the address says: `?q=…`, `#block=…`, `#views`, `#view=NAME/QUESTION?…` or `#form=KIND`. */
async function show(): Promise<void> {
  asking.abort();
  asking = new AbortController();
  const { signal } = asking;
  const [, page, target = ''] = /^#(block|views|view|form)(?:=(.+))?$/.exec(location.hash) ?? [];
  const which = decodeURIComponent(target);
  const question = new URLSearchParams(location.search).get('q')?.trim() ?? '';
  if (document.activeElement !== input) input.value = question;
  document.body.classList.toggle('answered', page !== undefined || question !== '');
  place.content.replaceChildren();
  try {
    network ??= await showNode();
    if (page === 'block') await showBlock(which, network, client, place);
    else if (page === 'views') await showViews(client, place);
    else if (page === 'view') await showQuestion(which, client, place, signal);
    else if (page === 'form') await showForm(which, client, place);
    else if (question !== '') await showHits(question, network, client, place, signal);
    else place.say('');
  } catch (error) {
    if (!signal.aborted) place.say(explain(error));
  }
}

/** The line about the node; answers its network, which signatures are bound to. */
async function showNode(): Promise<string> {
  const { counts, head, network: id, peers } = await client.status();
  byId('node').textContent =
    `${count(head.count, 'block')}, ${count(counts.rows, 'vector')}, ${count(counts.authors, 'author')}, ${count(peers, 'peer')}, network ${id}`;
  return id;
}

form.addEventListener('submit', (event) => {
  event.preventDefault();
  history.pushState(null, '', `?${new URLSearchParams({ q: input.value.trim() }).toString()}`);
  void show();
});
addEventListener('popstate', () => void show());
wireTheme(byId<HTMLButtonElement>('theme'), () => void show());
byId('meaning').textContent = whatAStampProves;
if (location.search === '') input.focus();
void show();
