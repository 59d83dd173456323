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

export function timeText(timeMs: number): string {
  return `${new Date(timeMs).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
}

export function count(value: number, one: string): string {
  return `${value.toLocaleString('en')} ${one}${value === 1 ? '' : 's'}`;
}

/** Lines that an editor has broken run on; lists, tables, quotes and code keep theirs. */
export function flowing(text: string): string {
  if (/^\s*(```|~~~)/m.test(text)) return text;
  return text.replace(/([^\n])\n(?![\n\s]|[-*+|>#]|\d+[.)])/g, '$1 ');
}
