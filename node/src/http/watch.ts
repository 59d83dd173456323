import { once } from 'node:events';
import { PassThrough } from 'node:stream';
import type { FastifyReply } from 'fastify';
import { CosmicError, problemOf } from '@cosmicembeddings/sdk';
import { vary } from './conditional.js';

export interface Watches {
  /**
   * Sends answers as server-sent events (WHATWG HTML section 9.2) until there are no more or nobody takes them; `write`
   * says how one is written, `who` whose share it takes. @throws CosmicError what the first answer is refused with; node.busy
   */
  send<T>(
    reply: FastifyReply,
    watch: (signal: AbortSignal) => AsyncIterable<T>,
    write: (answer: T) => string,
    who: string,
  ): Promise<FastifyReply>;
  close(): void;
}

/** Answers that are watched at a time, over all connections. */
const WATCHES_MAX = 1_000;
/** Of one address or key. */
const EACH_MAX = 64;
/** A comment tells both ends so often that the connection lives. */
const COMMENT_MS = 15_000;
/** Until a browser connects again. */
const RETRY = 'retry: 2000\n\n';

export function createWatches(): Watches {
  const open = new Map<AbortController, string>();
  return {
    send: async (reply, watch, write, who) => {
      if (open.size >= WATCHES_MAX) throw new CosmicError('node.busy', `${WATCHES_MAX} answers are watched already`);
      const theirs = who === '' ? 0 : [...open.values()].filter((one) => one === who).length;
      if (theirs >= EACH_MAX) throw new CosmicError('node.busy', `${theirs} answers are watched by you already`);
      const ended = new AbortController();
      open.set(ended, who);
      const end = (): void => {
        open.delete(ended);
        ended.abort();
      };
      reply.raw.once('close', end);
      try {
        const answers = watch(ended.signal)[Symbol.asyncIterator]();
        const first = await answers.next();
        const stream = new PassThrough();
        if (first.done !== true) void pump(first.value, answers, stream, write, ended.signal);
        return await vary(reply, 'accept')
          .header('content-type', 'text/event-stream')
          .header('cache-control', 'no-store')
          .send(stream);
      } catch (error) {
        end();
        throw error;
      }
    },
    close: () => {
      for (const one of open.keys()) one.abort();
    },
  };
}

async function pump<T>(
  first: T,
  answers: AsyncIterator<T>,
  stream: PassThrough,
  eventOf: (answer: T) => string,
  signal: AbortSignal,
): Promise<void> {
  const comments = setInterval(() => stream.write(':\n\n'), COMMENT_MS);
  const write = async (text: string): Promise<void> => {
    if (!stream.write(text)) await once(stream, 'drain', { signal });
  };
  try {
    await write(RETRY + eventOf(first));
    for (let next = await answers.next(); next.done !== true; next = await answers.next())
      await write(eventOf(next.value));
  } catch (error) {
    if (!signal.aborted) {
      const { code, detail } = error instanceof CosmicError ? error : new CosmicError('node.internal', 'watch');
      stream.write(`event: problem\ndata: ${JSON.stringify(problemOf(code, detail))}\n\n`);
    }
  } finally {
    clearInterval(comments);
    stream.end();
  }
}
