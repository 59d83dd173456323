import { monitorEventLoopDelay } from 'node:perf_hooks';
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';

/** Everything `/metrics` shows; docs/operating.md lists the same names and a test compares. */
export interface Metrics {
  readonly accepted: Counter<'status'>;
  readonly rejected: Counter<'code'>;
  readonly searches: Histogram;
  readonly acceptSeconds: Histogram;
  text(): Promise<string>;
  close(): void;
}

export interface MetricSources {
  head(): Promise<{ readonly seq: number; readonly count: number; readonly labels: number }>;
  load(): { readonly blocks: number; readonly bytes: number };
  lags(): Promise<readonly { readonly name: string; readonly lag: number }[]>;
  peers(): number;
  /** The peers' clocks minus this node's; undefined without peers. */
  clockOffsetMs(): number | undefined;
  bannedPeers(): number;
  /** Recall of the vector index against exact search, last sample; undefined before the first. */
  recall(): number | undefined;
}

const SECONDS = [0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

export function createMetrics(sources: MetricSources): Metrics {
  const register = new Registry();
  const registers = [register];
  collectDefaultMetrics({ register, prefix: 'cosmic_' });
  const delay = monitorEventLoopDelay({ resolution: 10 });
  delay.enable();
  const gauge = (name: string, help: string, read: () => number | Promise<number>): Gauge =>
    new Gauge({
      name,
      help,
      registers,
      async collect() {
        this.set(await read());
      },
    });
  gauge('cosmic_blocks', 'Blocks kept', async () => (await sources.head()).count);
  gauge('cosmic_sequence', 'Last sequence number', async () => (await sources.head()).seq);
  gauge('cosmic_rows', 'Row labels given out', async () => (await sources.head()).labels);
  gauge('cosmic_inflight_blocks', 'Blocks being checked or written', () => sources.load().blocks);
  gauge('cosmic_inflight_bytes', 'Bytes being checked or written', () => sources.load().bytes);
  gauge('cosmic_peers_connected', 'Peers connected', () => sources.peers());
  gauge('cosmic_peers_banned', 'Identities and addresses that are banned now', () => sources.bannedPeers());
  gauge(
    'cosmic_peers_clock_offset_seconds',
    'The peers’ clocks minus this node’s, median (NaN without peers)',
    () => (sources.clockOffsetMs() ?? NaN) / 1000,
  );
  gauge(
    'cosmic_recall_sample',
    'Recall@10 of the vector index against exact search, last sample (NaN before)',
    () => sources.recall() ?? NaN,
  );
  gauge('cosmic_eventloop_delay_p99_seconds', 'Event loop delay, 99th percentile since the last scrape', () => {
    const p99 = delay.percentile(99) / 1e9;
    delay.reset();
    return Number.isFinite(p99) ? p99 : 0;
  });
  const lag = new Gauge({
    name: 'cosmic_follower_lag',
    help: 'Sequence numbers a follower is behind the store',
    labelNames: ['follower'],
    registers,
    async collect() {
      for (const { name, lag: behind } of await sources.lags()) lag.set({ follower: name }, behind);
    },
  });
  return {
    accepted: new Counter({
      name: 'cosmic_accepted_total',
      help: 'Blocks judged at the door, by outcome',
      labelNames: ['status'],
      registers,
    }),
    rejected: new Counter({
      name: 'cosmic_rejected_total',
      help: 'Blocks refused, by code',
      labelNames: ['code'],
      registers,
    }),
    searches: new Histogram({ name: 'cosmic_search_seconds', help: 'Time of a search', buckets: SECONDS, registers }),
    acceptSeconds: new Histogram({
      name: 'cosmic_accept_seconds',
      help: 'Time from arrival to durable',
      buckets: SECONDS,
      registers,
    }),
    text: () => register.metrics(),
    close: () => {
      delay.disable();
      register.clear();
    },
  };
}
