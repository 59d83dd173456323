export type Child = Node | string | undefined;

/** An element with attributes and children. Texts become text nodes: nothing from a block is ever read as HTML. */
export function element<K extends keyof HTMLElementTagNameMap>(
  name: K,
  attributes: Readonly<Record<string, string>> = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[K] {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children.filter((child) => child !== undefined));
  return made;
}

/** The element of the page with this id. */
export function byId<T extends HTMLElement>(id: string): T {
  const found = document.getElementById(id);
  if (found === null) throw new Error(`the page has no #${id}`);
  return found as T;
}

export function shortDid(did: string): string {
  return did.startsWith('did:key:') ? `${did.slice(8, 16)}…${did.slice(-6)}` : did;
}

export function shortId(id: string): string {
  return id.length > 24 ? `${id.slice(0, 12)}…${id.slice(-6)}` : id;
}

/** A list of facts: each name with its values. */
export function factList(facts: readonly (readonly [name: string, ...values: Child[]])[]): HTMLElement {
  return element(
    'dl',
    { class: 'list' },
    ...facts.flatMap(([name, ...values]) => [element('dt', {}, name), element('dd', {}, ...values)]),
  );
}

/** A table with a caption for those who do not see it; wide ones scroll by themselves. */
export function table(
  caption: string,
  columns: readonly string[],
  rows: readonly (readonly (Child | readonly Child[])[])[],
): HTMLElement {
  const cell = (child: Child | readonly Child[]): HTMLElement =>
    element('td', {}, ...(Array.isArray(child) ? (child as readonly Child[]) : [child as Child]));
  return element(
    'div',
    { class: 'wide', tabindex: '0', role: 'region', 'aria-label': caption },
    element(
      'table',
      {},
      element('thead', {}, element('tr', {}, ...columns.map((name) => element('th', { scope: 'col' }, name)))),
      element('tbody', {}, ...rows.map((cells) => element('tr', {}, ...cells.map(cell)))),
    ),
  );
}
