import { codes, CosmicError, type Code } from '../errors.js';
import { ask, jsonOf, type RequestHost } from './request.js';

/** Which node does what, where a client has several. A single one does everything. */
export interface Route {
  /** What is about one node alone (its peers, its erasures) is asked of the first address, and of no other. */
  readonly first: RequestHost;
  /**
   * Asks the node with the fewest questions open; after its own writing, for a while, the one that took it. What that one
   * cannot do now, or has not got, the others are asked. `at`: the address that began what is continued.
   */
  read<T>(act: (host: RequestHost) => Promise<T>, how?: ReadHow<T>): Promise<T>;
  /** The first address that is well; the next ones where it cannot. The same bytes are the same block, wherever they arrive. */
  write<T>(act: (host: RequestHost) => Promise<T>): Promise<T>;
  /** Events, from one node for as long as it sends them. */
  stream(at?: string): Streaming;
  health(): readonly NodeHealth[];
}

export interface ReadHow<T> {
  /** False: this node has not got it, another may. */
  readonly isFound?: (answer: T) => boolean;
  readonly at?: string | undefined;
}

export interface Streaming {
  readonly host: RequestHost;
  /** Where else it may be tried at once. */
  readonly others: number;
  failed(error: unknown): void;
  went(): void;
}

export interface NodeHealth {
  readonly url: string;
  /** `resting`: it failed lately and is asked after the others. */
  readonly state: 'well' | 'resting';
  readonly lastError?: string;
}

export interface RouteOptions {
  /** Milliseconds since any fixed point. Without it a node that failed stays behind the others until they fail, too. */
  readonly now?: (() => number) | undefined;
  /** Without an answer in that time the next node is asked; the last one gets all the time that there is. */
  readonly failoverMs: number;
}

interface Place {
  readonly host: RequestHost;
  open: number;
  failures: number;
  restUntilMs: number;
  lastError?: string;
  network?: string;
}

const REST_FIRST_MS = 1_000;
const REST_MOST_MS = 60_000;
/** Nodes in step hand a new block on within it. */
const OWN_WRITES_MS = 10_000;
/** A node that does not do anything now; other faults are of one question. */
const DOWN: ReadonlySet<Code> = new Set<Code>(['node.unreachable', 'node.busy', 'node.stopping', 'node.storage_full']);
/** A node answers for what it keeps: another may keep more. */
const NOT_HERE: ReadonlySet<Code> = new Set<Code>(['space.unknown', 'search.no_embedder', 'block.not_found']);

const isCosmic = (error: unknown): error is CosmicError => error instanceof CosmicError;
const isNodesFault = (error: unknown): error is CosmicError => isCosmic(error) && codes[error.code].fault === 'node';

export function routeTo(hosts: readonly RequestHost[], options: RouteOptions): Route {
  const [first] = hosts;
  if (first === undefined) throw new CosmicError('config.malformed', 'no node is named');
  if (hosts.length > 1) return new SeveralNodes(hosts, options);
  const { host, others, ...ignored } = { host: first, others: 0, failed: () => undefined, went: () => undefined };
  return {
    first,
    read: (act) => act(first),
    write: (act) => act(first),
    stream: () => ({ host, others, ...ignored }),
    health: () => [{ url: first.url, state: 'well' }],
  };
}

class SeveralNodes implements Route {
  readonly first: RequestHost;
  private readonly places: readonly Place[];
  private turn = 0;
  private home: { readonly place: Place; readonly untilMs: number } | undefined;

  constructor(
    hosts: readonly RequestHost[],
    private readonly options: RouteOptions,
  ) {
    this.first = hosts[0]!;
    this.places = hosts.map((host) => ({ host, open: 0, failures: 0, restUntilMs: 0 }));
  }

  async read<T>(act: (host: RequestHost) => Promise<T>, { isFound, at }: ReadHow<T> = {}): Promise<T> {
    const begun = this.places.find(({ host }) => host.url === at);
    return this.inTurn(begun === undefined ? this.forReading() : [begun], act, isFound);
  }

  async write<T>(act: (host: RequestHost) => Promise<T>): Promise<T> {
    return this.inTurn(this.wellFirst(this.places), async (host) => {
      const answer = await act(host);
      const place = this.places.find((one) => one.host.url === host.url)!;
      this.home = { place, untilMs: this.nowMs() + OWN_WRITES_MS };
      return answer;
    });
  }

  stream(at?: string): Streaming {
    const begun = this.places.find((place) => place.host.url === at && this.isWell(place));
    const place = begun ?? this.forReading()[0]!;
    return {
      host: place.host,
      others: this.places.length - 1,
      failed: (error) => this.charge(place, error),
      went: () => this.praise(place),
    };
  }

  health(): readonly NodeHealth[] {
    return this.places.map((place) => ({
      url: place.host.url,
      state: this.isWell(place) ? 'well' : 'resting',
      ...(place.lastError === undefined ? {} : { lastError: place.lastError }),
    }));
  }

  /** First each in turn with little patience, then each with all of it: one of them may only have been busy. */
  private async inTurn<T>(
    places: readonly Place[],
    act: (host: RequestHost) => Promise<T>,
    isFound: (answer: T) => boolean = () => true,
  ): Promise<T> {
    const faults = new Map<Place, CosmicError>();
    let lacking: (() => T) | undefined;
    for (const patient of [false, true]) {
      for (const place of places) {
        if (patient && !faults.has(place)) continue;
        try {
          const answer = await this.on(place, act, patient || places.length === 1);
          if (isFound(answer)) return answer;
          lacking ??= () => answer;
          faults.delete(place);
        } catch (error) {
          if (isNodesFault(error)) faults.set(place, error);
          else if (isCosmic(error) && NOT_HERE.has(error.code)) {
            lacking ??= () => {
              throw error;
            };
            faults.delete(place);
          } else throw error;
        }
      }
      if (lacking !== undefined) return lacking();
    }
    const all = [...faults.values()];
    if (all.length === 1) throw all[0]!;
    throw new CosmicError(all.at(-1)!.code, all.map(({ message }) => message).join('; '));
  }

  private async on<T>(place: Place, act: (host: RequestHost) => Promise<T>, patient: boolean): Promise<T> {
    const { sleep: _, ...host } = place.host;
    const hasty = { ...host, timeoutMs: Math.min(host.timeoutMs, this.options.failoverMs) };
    place.open += 1;
    try {
      await this.checkNetwork(place, hasty);
      const answer = await act(patient ? place.host : hasty);
      this.praise(place);
      return answer;
    } catch (error) {
      this.charge(place, error);
      throw error;
    } finally {
      place.open -= 1;
    }
  }

  /** Nodes of different networks have nothing in common: what one of them takes, the other refuses. */
  private async checkNetwork(place: Place, host: RequestHost): Promise<void> {
    place.network ??= (await jsonOf<{ network: string }>(await ask(host, '/v2/status'))).network;
    const other = this.places.find(({ network }) => network !== undefined && network !== place.network);
    if (other !== undefined)
      throw new CosmicError(
        'config.malformed',
        `node: ${place.host.url} is of network ${place.network}, ${other.host.url} of ${other.network}`,
      );
  }

  private forReading(): Place[] {
    const home = this.home !== undefined && this.nowMs() < this.home.untilMs ? this.home.place : undefined;
    this.turn += 1;
    const from = this.turn % this.places.length;
    const rotated = [...this.places.slice(from), ...this.places.slice(0, from)];
    return this.wellFirst(rotated.sort((a, b) => Number(b === home) - Number(a === home) || a.open - b.open));
  }

  private wellFirst(places: readonly Place[]): Place[] {
    return [
      ...places.filter((place) => this.isWell(place)),
      ...places.filter((place) => !this.isWell(place)).sort((a, b) => a.restUntilMs - b.restUntilMs),
    ];
  }

  private isWell({ restUntilMs }: Place): boolean {
    return restUntilMs <= this.nowMs();
  }

  private praise(place: Place): void {
    place.failures = 0;
    place.restUntilMs = 0;
    delete place.lastError;
  }

  private charge(place: Place, error: unknown): void {
    if (!isCosmic(error) || !DOWN.has(error.code)) return;
    place.lastError = error.message;
    place.restUntilMs = this.nowMs() + Math.min(REST_MOST_MS, REST_FIRST_MS * 2 ** place.failures);
    place.failures += 1;
  }

  private nowMs(): number {
    return this.options.now?.() ?? 0;
  }
}

/** A cursor of one of several nodes says whose it is. Cursors hold no `@`. */
export function splitCursor(text: string | undefined): { readonly cursor?: string; readonly at?: string } {
  if (text === undefined) return {};
  const end = text.indexOf('@');
  return end < 0 ? { cursor: text } : { cursor: text.slice(0, end), at: text.slice(end + 1) };
}
