import { openMemory } from '@cosmicembeddings/sdk/agent';

// The key is made in this browser, stays in it, and cannot be read out; hits are verified here, whatever the node says.
const node = new URL(location.href).searchParams.get('node') ?? 'http://127.0.0.1:8080';
const memory = await openMemory({ node, embedder: 'english-1', collection: 'browser' });

const field = document.querySelector<HTMLInputElement>('#text')!;
const said = document.querySelector<HTMLUListElement>('#said')!;

function say(text: string): void {
  said.append(Object.assign(document.createElement('li'), { textContent: text }));
}

async function enter(text: string): Promise<void> {
  if (!text.endsWith('?')) return say(`${(await memory.remember(text)).status}: ${text}`);
  const [hit] = await memory.search(text);
  say(hit === undefined ? 'nothing is known' : `${hit.text} (verified: ${hit.verified})`);
}

document.querySelector('#form')!.addEventListener('submit', (event) => {
  event.preventDefault();
  enter(field.value).catch((error: unknown) => say(String(error)));
  field.value = '';
});
say(`I am ${memory.author}`);
