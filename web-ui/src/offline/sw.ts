/**
 * Keeps the page and the blocks that were opened. The node is always asked first: what it says now is shown, and a block that
 * it has erased (410) is forgotten here, too. Only where it does not answer is what was kept given.
 */
interface Extendable extends Event {
  waitUntil(promise: Promise<unknown>): void;
}
interface Fetching extends Extendable {
  readonly request: Request;
  respondWith(answer: Promise<Response>): void;
}
interface WorkerScope {
  skipWaiting(): Promise<void>;
  readonly clients: { claim(): Promise<void> };
  readonly registration: { readonly scope: string };
  addEventListener(name: 'install' | 'activate', heard: (event: Extendable) => void): void;
  addEventListener(name: 'fetch', heard: (event: Fetching) => void): void;
}
declare const self: WorkerScope;

const SHELL = 'shell-1';
/** The same name in `parts/kept-blocks.ts`. */
const BLOCKS = 'blocks-1';
const BLOCKS_MAX = 500;
const SHELL_MAX = 100;

self.addEventListener('install', (event) => event.waitUntil(self.skipWaiting()));
self.addEventListener('activate', (event) =>
  event.waitUntil(
    (async () => {
      for (const name of await caches.keys()) if (name !== SHELL && name !== BLOCKS) await caches.delete(name);
      await self.clients.claim();
      const shell = await caches.open(SHELL);
      await shell.addAll(['./', 'app.js', 'style.css', 'icon.svg']).catch(() => undefined);
    })(),
  ),
);
self.addEventListener('fetch', (event) => {
  const { request } = event;
  const kind = kindOf(request);
  if (kind === 'block') event.respondWith(block(request));
  else if (kind === 'shell') event.respondWith(fresh(request, SHELL, SHELL_MAX));
});

function kindOf({ method, url, headers }: Request): 'block' | 'shell' | undefined {
  const scope = new URL(self.registration.scope);
  const { origin, pathname } = new URL(url);
  if (method !== 'GET' || origin !== scope.origin || headers.has('authorization')) return undefined;
  const path = pathname.slice(scope.pathname.length);
  if (/^v2\/blocks\/[a-z2-7]{59}$/.test(path)) return 'block';
  return /^(?:|index\.html|icon\.svg|[\w-]+\.(?:js|css)|chunks\/[\w-]+\.js)$/.test(path) ? 'shell' : undefined;
}

/** Asked again each time: the node's entity tag makes that cheap, and an erasure shows. */
async function block(request: Request): Promise<Response> {
  const kept = await caches.open(BLOCKS);
  let answer: Response;
  try {
    answer = await fetch(request, { cache: 'no-cache' });
  } catch (error) {
    const known = await kept.match(request);
    if (known !== undefined) return known;
    throw error;
  }
  // A node that is too busy to say (429, 5xx) has erased nothing.
  if (answer.status < 500 && answer.status !== 429) await kept.delete(request, { ignoreVary: true });
  if (answer.status === 200) {
    await kept.put(request, answer.clone());
    await trim(kept, BLOCKS_MAX);
  }
  return answer;
}

async function fresh(request: Request, name: string, max: number): Promise<Response> {
  const kept = await caches.open(name);
  let answer: Response;
  try {
    answer = await fetch(request);
  } catch (error) {
    const known = await kept.match(request, { ignoreSearch: true });
    if (known !== undefined) return known;
    throw error;
  }
  if (answer.status === 200) {
    await kept.put(request, answer.clone());
    await trim(kept, max);
  }
  return answer;
}

/** The oldest go first. */
async function trim(kept: Cache, max: number): Promise<void> {
  const all = await kept.keys();
  for (const request of all.slice(0, Math.max(0, all.length - max))) await kept.delete(request);
}
