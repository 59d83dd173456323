import type { Reader } from '../agent/types.js';
import { readQuestion } from './question.js';

/** Questions of one subscription. */
const URIS_MAX = 16;

interface Running {
  readers: number;
  readonly ended: AbortController;
}

/** Watches behind the resources that somebody subscribed to, each once however many they are. */
export class Subscriptions {
  private readonly running = new Map<string, Running>();

  constructor(
    private readonly reader: Pick<Reader, 'watch'>,
    /** What stands under the address has changed. */
    private readonly changed: (uri: string) => void,
  ) {}

  /** Answers how to end it. Addresses that hold no question are passed over: they never change. */
  open(uris: readonly string[]): () => void {
    const mine = [...new Set(uris)].slice(0, URIS_MAX).filter((uri) => readQuestion(uri) !== undefined);
    for (const uri of mine) {
      const known = this.running.get(uri);
      if (known !== undefined) known.readers += 1;
      else this.start(uri);
    }
    let isOpen = true;
    return () => {
      if (!isOpen) return;
      isOpen = false;
      for (const uri of mine) this.leave(uri);
    };
  }

  close(): void {
    for (const { ended } of this.running.values()) ended.abort();
    this.running.clear();
  }

  private start(uri: string): void {
    const one: Running = { readers: 1, ended: new AbortController() };
    this.running.set(uri, one);
    void this.follow(uri, one.ended.signal).catch(() => {
      // Reading the resource says what is wrong with the question.
      if (this.running.get(uri) === one) this.changed(uri);
    });
  }

  private async follow(uri: string, signal: AbortSignal): Promise<void> {
    for await (const { type } of this.reader.watch({ ...readQuestion(uri)!, signal }))
      if (type === 'hit' || type === 'gone' || type === 'gap') this.changed(uri);
  }

  private leave(uri: string): void {
    const one = this.running.get(uri);
    if (one === undefined || --one.readers > 0) return;
    this.running.delete(uri);
    one.ended.abort();
  }
}

/** The addresses that a request for a subscription names. */
export function listenedTo(message: unknown): readonly string[] {
  const { method, params } = message as { method?: string; params?: Record<string, unknown> };
  if (method === 'resources/subscribe') return typeof params?.['uri'] === 'string' ? [params['uri']] : [];
  if (method !== 'subscriptions/listen') return [];
  const uris = (params?.['notifications'] as { resourceSubscriptions?: unknown } | undefined)?.resourceSubscriptions;
  return Array.isArray(uris) ? uris.filter((uri) => typeof uri === 'string') : [];
}
