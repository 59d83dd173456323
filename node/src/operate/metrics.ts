import { monitorEventLoopDelay } from 'node:perf_hooks';
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { Operating } from '@cosmicembeddings/sdk/api';

/** Everything `/metrics` shows; docs/operating.md lists the same names and a test compares. */
export interface Metrics {
  readonly accepted: Counter<'status'>;
  readonly rejected: Counter<'code'>;
  readonly signals: Counter<'signal'>;
  readonly searches: Histogram;
  readonly acceptSeconds: Histogram;
  readonly requests: Counter<'route' | 'status'>;
  text(): Promise<string>;
  /** Counters of the door, by what they are labelled with. */
  door(): Promise<Pick<Operating, 'accepted' | 'refused'>>;
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
  /** Bytes of the data folder's files and folders, by name, and of the disk that are free. */
  disk(): Promise<{ readonly used: Readonly<Record<string, number>>; readonly free: number }>;
  /** When the last backup was taken, and how often one failed; undefined where none is scheduled. */
  backups(): { readonly lastMs?: number; readonly sinceMs: number; readonly failures: number } | undefined;
  /** What fsck found last; undefined where nobody has looked. */
  checked(): { readonly atMs: number; readonly findings: number } | undefined;
  /** May this node be asked? */
  ready(): Promise<boolean>;
  /** What is done because of signals of abuse, now in force. */
  responses(): readonly { readonly what: string }[];
  readonly version: string;
}

const SECONDS = [0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

export function createMetrics(sources: MetricSources): Metrics {
  const register = new Registry();
  const registers = [register];
  collectDefaultMetrics({ register, prefix: 'cosmic_' });
  // Gauges with the ending of a counter, which Prometheus refuses; the same numbers stand in those without it, by kind.
  for (const name of ['handles', 'requests', 'resources'])
    register.removeSingleMetric(`cosmic_nodejs_active_${name}_total`);
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
  gauge('cosmic_peers_banned', 'Peers that are banned now, by name or address', () => sources.bannedPeers());
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
  new Gauge({
    name: 'cosmic_build_info',
    help: '1, with the version of node and engine',
    labelNames: ['version', 'engine'],
    registers,
  }).set({ version: sources.version, engine: process.version }, 1);
  const disk = new Gauge({
    name: 'cosmic_disk_bytes',
    help: 'Bytes in the data folder, by file or folder',
    labelNames: ['part'],
    registers,
    async collect() {
      disk.reset();
      for (const [part, bytes] of Object.entries((await sources.disk()).used)) disk.set({ part }, bytes);
    },
  });
  gauge('cosmic_disk_free_bytes', 'Bytes free on the disk of the data folder', async () => (await sources.disk()).free);
  gauge(
    'cosmic_backup_last_timestamp_seconds',
    'When the last good backup was taken, before the first when the node started (NaN where none is scheduled)',
    () => {
      const state = sources.backups();
      return (state?.lastMs ?? state?.sinceMs ?? NaN) / 1000;
    },
  );
  gauge('cosmic_backup_failures', 'Backups that failed since the start', () => sources.backups()?.failures ?? 0);
  gauge('cosmic_ready', '1 where /ready says so, else 0', async () => ((await sources.ready()) ? 1 : 0));
  gauge(
    'cosmic_fsck_last_timestamp_seconds',
    'When cosmic fsck last looked this folder through (NaN: never)',
    () => (sources.checked()?.atMs ?? NaN) / 1000,
  );
  gauge('cosmic_fsck_findings', 'Faults that cosmic fsck found last (NaN: it never looked)', () => {
    return sources.checked()?.findings ?? NaN;
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
  const responses = new Gauge({
    name: 'cosmic_responses',
    help: 'Signals of abuse that are answered now, by what is done',
    labelNames: ['what'],
    registers,
    collect() {
      const now = sources.responses();
      for (const what of ['alert', 'slow', 'refuse'])
        responses.set({ what }, now.filter((one) => one.what === what).length);
    },
  });
  const accepted = new Counter({
    name: 'cosmic_accepted_total',
    help: 'Blocks judged at the door, by outcome',
    labelNames: ['status'],
    registers,
  });
  const rejected = new Counter({
    name: 'cosmic_rejected_total',
    help: 'Blocks refused, by code',
    labelNames: ['code'],
    registers,
  });
  return {
    accepted,
    rejected,
    door: async () => ({ accepted: await countsOf(accepted, 'status'), refused: await countsOf(rejected, 'code') }),
    signals: new Counter({
      name: 'cosmic_signals_total',
      help: 'Signals of abuse, by which',
      labelNames: ['signal'],
      registers,
    }),
    requests: new Counter({
      name: 'cosmic_http_requests_total',
      help: 'HTTP requests answered, by route and status',
      labelNames: ['route', 'status'],
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

async function countsOf<L extends string>(counter: Counter<L>, label: L): Promise<Record<string, number>> {
  const { values } = await counter.get();
  return Object.fromEntries(values.map(({ labels, value }) => [String(labels[label]), value]));
}
