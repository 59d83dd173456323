import type { Code } from '../errors.js';
import type { Cursor, DecidedItem } from '../ports/index.js';
import { frameLimits, type Frame, type Gap, type Hello, type Relaying } from './frames.js';
import { NegentropyError } from './negentropy-message.js';

/** What a session asks of its host, in this order. */
export type Wish =
  | { readonly type: 'send'; readonly frame: Uint8Array }
  /** Both hellos are exchanged, and the other side is who it says, as far as `proven`. */
  | { readonly type: 'ready'; readonly hello: Hello; readonly proven: boolean }
  /** A reconciliation needs the decided items: call `items`. `part`: those alone that both sides keep. */
  | { readonly type: 'items'; readonly part: boolean }
  /** The other side has these blocks. `relay`: for others, if this side passes them on. */
  | { readonly type: 'offered'; readonly items: readonly DecidedItem[]; readonly relay: boolean }
  /** What the other side passes on, besides what it keeps. */
  | { readonly type: 'relays'; readonly relays: readonly Relaying[] }
  /** Reconciliation found these on the other side. With `more`, call `proceed` when there is room for the next ones. */
  | { readonly type: 'needed'; readonly ids: readonly Uint8Array[]; readonly more: boolean }
  /** A reconciliation that this side began is over. */
  | { readonly type: 'reconciled'; readonly have: number; readonly need: number; readonly rounds: number }
  /** The other side wants all that came after this cursor of our store: answer with `give` and `fed`, or with `gap`. */
  | { readonly type: 'feed'; readonly after: Cursor | undefined }
  /** What the feed has given reaches to here. With `over` it has given all. */
  | { readonly type: 'fed'; readonly upTo: Cursor; readonly over: boolean }
  /** The feed that was asked for cannot be given. */
  | { readonly type: 'gap'; readonly gap: Gap }
  /** The other side asks for addresses of others: answer with `addresses`. */
  | { readonly type: 'peers' }
  /** Where others may be, as the other side says. */
  | { readonly type: 'addresses'; readonly peers: readonly string[] }
  | { readonly type: 'wanted'; readonly ids: readonly Uint8Array[] }
  | { readonly type: 'given'; readonly blocks: readonly Uint8Array[] }
  | { readonly type: 'gone'; readonly code: Code; readonly ids: readonly Uint8Array[] }
  /** The session is over: send what is queued, then close. `remote`: the other side said so. */
  | { readonly type: 'close'; readonly code: Code; readonly detail: string; readonly remote: boolean };

/** What a part of a session can do: everything else is a value. */
export interface Line {
  send(frame: Frame): void;
  wish(wish: Wish): void;
  /** Says why and ends the session. */
  fail(code: Code, detail: string): void;
  /** The other side has caused this much work besides its frames; see frame-work.ts. */
  charge(bytes: number): void;
}

/** In as many parts as frames are needed. */
export function inFrames<T>(all: readonly T[]): T[][] {
  const parts: T[][] = [];
  for (let i = 0; i < all.length; i += frameLimits.idsMax) parts.push(all.slice(i, i + frameLimits.idsMax));
  return parts;
}

/** A message that is no reconciliation's ends the session; anything else that is thrown is a fault of ours. */
export function guarded<T>(line: Line, work: () => T): T | undefined {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof NegentropyError)) throw error;
    line.fail('peer.protocol', `reconciliation: ${error.message}`);
    return undefined;
  }
}
