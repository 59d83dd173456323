import { codes, CosmicError, type WatchEvent, type WatchRequest } from '@cosmicembeddings/sdk';
import { compileSchema } from '../json-schema.js';
import { readWatch, watchSchema } from './routes/watch.js';

/** A connection of texts; `node/sync/websocket` has one. */
export interface Texts extends AsyncIterable<string> {
  send(text: string): Promise<void>;
  close(code: number, reason: string): void;
}

/** Watches of one connection. */
const WATCHES_MAX = 16;
/** Hits that may be on their way unasked. */
const CREDIT_MAX = 10_000;

const sub = { type: 'string', minLength: 1, maxLength: 64 } as const;
const credit = { type: 'integer', minimum: 1, maximum: CREDIT_MAX } as const;
const openFrame = {
  type: 'object',
  required: ['type', 'sub'],
  additionalProperties: false,
  properties: { type: { const: 'open' }, sub, credit, ...watchSchema.properties },
};
const otherFrame = {
  type: 'object',
  required: ['type', 'sub'],
  additionalProperties: false,
  properties: { type: { enum: ['credit', 'close'] }, sub, credit },
};
/** Made with the first frame. */
let checks:
  { readonly open: ReturnType<typeof compileSchema>; readonly other: ReturnType<typeof compileSchema> } | undefined;

type Frame =
  | ({ readonly type: 'open'; readonly sub: string; readonly credit?: number } & WatchRequest)
  | { readonly type: 'credit' | 'close'; readonly sub: string; readonly credit?: number };

interface Sub {
  credit: number;
  wake?: () => void;
  readonly ended: AbortController;
}

/** Several watches over one connection (specs/watch.md); hits go out as far as there is credit. Ends with the connection. */
export async function serveWatchSocket(
  socket: Texts,
  watch: (request: WatchRequest, signal: AbortSignal) => AsyncIterable<WatchEvent>,
): Promise<void> {
  const subs = new Map<string, Sub>();
  const refuse = (name: string, error: unknown): Promise<void> => {
    const known = error instanceof CosmicError ? error : new CosmicError('node.internal', '');
    const { code, detail } = known;
    return socket.send(JSON.stringify({ sub: name, type: 'closed', code, detail, advice: codes[code].advice }));
  };
  try {
    for await (const text of socket) {
      const frame = frameOf(text);
      if (typeof frame === 'string') return socket.close(1008, frame);
      const known = subs.get(frame.sub);
      if (frame.type === 'open') {
        if (known !== undefined)
          await refuse(frame.sub, new CosmicError('request.malformed', 'sub: it is open already'));
        else if (subs.size >= WATCHES_MAX)
          await refuse(frame.sub, new CosmicError('node.busy', `${WATCHES_MAX} watches a connection`));
        else {
          const one: Sub = { credit: frame.credit ?? 0, ended: new AbortController() };
          subs.set(frame.sub, one);
          void serve(frame, one)
            .catch((error: unknown) => refuse(frame.sub, error))
            .finally(() => subs.delete(frame.sub));
        }
      } else if (known !== undefined && frame.type === 'close') known.ended.abort();
      else if (known !== undefined) {
        known.credit = Math.min(CREDIT_MAX, known.credit + (frame.credit ?? 0));
        known.wake?.();
      }
    }
  } finally {
    for (const { ended, wake } of subs.values()) {
      ended.abort();
      wake?.();
    }
  }

  async function serve(
    { type: _, sub: name, credit: __, ...request }: Frame & { type: 'open' },
    one: Sub,
  ): Promise<void> {
    const { signal } = one.ended;
    signal.addEventListener('abort', () => one.wake?.());
    for await (const event of watch(readWatch(request), signal)) {
      // What it has no credit for waits in the ledger, not here.
      while (event.type === 'hit' && one.credit <= 0 && !signal.aborted)
        await new Promise<void>((resolve) => {
          one.wake = resolve;
        });
      if (signal.aborted) return;
      if (event.type === 'hit') one.credit -= 1;
      await socket.send(JSON.stringify({ sub: name, ...event }));
    }
  }
}

function frameOf(text: string): Frame | string {
  let frame: unknown;
  try {
    frame = JSON.parse(text);
  } catch {
    return 'messages are JSON';
  }
  checks ??= { open: compileSchema(openFrame), other: compileSchema(otherFrame) };
  const check = (frame as { type?: unknown } | null)?.type === 'open' ? checks.open : checks.other;
  return check(frame) === true ? (frame as Frame) : 'no frame of a watch';
}
