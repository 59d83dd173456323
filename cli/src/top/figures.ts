/** One series of a scrape: what it counts, and its labels. */
interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

const LINE = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)$/;
const LABEL = /([a-zA-Z_]\w*)="((?:[^"\\]|\\.)*)"/g;

/** Prometheus' text format 0.0.4; what is none of it is left out. */
export function samplesOf(text: string): Sample[] {
  return text.split('\n').flatMap((line) => {
    const match = line.startsWith('#') ? null : LINE.exec(line);
    if (match === null) return [];
    const labels = Object.fromEntries([...(match[2] ?? '').matchAll(LABEL)].map(([, name, value]) => [name!, value!]));
    return [{ name: match[1]!, labels, value: match[3] === '+Inf' ? Infinity : Number(match[3]) }];
  });
}

/** What is shown of one moment; rates are a second's, over the time since the moment before. */
export interface Figures {
  readonly blocks: number;
  readonly rows: number;
  readonly storedPerS: number;
  readonly rejectedPerS: number;
  readonly searchesPerS: number;
  readonly requestsPerS: number;
  /** Milliseconds below which 99 of 100 searches since then ended, as fine as the histogram tells; undefined without any. */
  readonly searchP99Ms: number | undefined;
  readonly acceptP99Ms: number | undefined;
  readonly eventLoopP99Ms: number;
  readonly cpuShare: number;
  readonly residentBytes: number;
  readonly diskBytes: number;
  readonly diskFreeBytes: number;
  readonly peers: number;
  readonly lags: Readonly<Record<string, number>>;
  /** Refusals since then, by code, the most first. */
  readonly refused: Readonly<Record<string, number>>;
}

/** `overMs`: time between the two scrapes. A counter that fell was set back by a restart: it counts from zero. */
export function figuresOf(before: readonly Sample[], now: readonly Sample[], overMs: number): Figures {
  const of = (samples: readonly Sample[], name: string, has: Readonly<Record<string, string>> = {}): number =>
    samples.reduce(
      (sum, one) =>
        one.name === name && Object.entries(has).every(([label, value]) => one.labels[label] === value)
          ? sum + one.value
          : sum,
      0,
    );
  const grown = (name: string, has: Readonly<Record<string, string>> = {}): number => {
    const [from, to] = [of(before, name, has), of(now, name, has)];
    return to >= from ? to - from : to;
  };
  const perS = (name: string, has?: Readonly<Record<string, string>>): number => (grown(name, has) * 1000) / overMs;
  const byLabel = (name: string, label: string, valueOf: (value: string) => number): Record<string, number> =>
    Object.fromEntries(
      now.flatMap((one) => {
        const value = one.name === name ? one.labels[label] : undefined;
        return value === undefined ? [] : [[value, valueOf(value)] as const];
      }),
    );
  const quantileMs = (name: string): number | undefined => {
    const edges = now.flatMap((one) => (one.name === `${name}_bucket` ? (one.labels['le'] ?? []) : []));
    const counts = edges.map((le) => grown(`${name}_bucket`, { le }));
    const all = grown(`${name}_count`);
    const at = counts.findIndex((count) => count >= 0.99 * all);
    return all === 0 ? undefined : Number(edges[at] === '+Inf' ? Infinity : edges[at]) * 1000;
  };
  const refused = byLabel('cosmic_rejected_total', 'code', (code) => grown('cosmic_rejected_total', { code }));
  return {
    blocks: of(now, 'cosmic_blocks'),
    rows: of(now, 'cosmic_rows'),
    storedPerS: perS('cosmic_accepted_total', { status: 'stored' }),
    rejectedPerS: perS('cosmic_rejected_total'),
    searchesPerS: perS('cosmic_search_seconds_count'),
    requestsPerS: perS('cosmic_http_requests_total'),
    searchP99Ms: quantileMs('cosmic_search_seconds'),
    acceptP99Ms: quantileMs('cosmic_accept_seconds'),
    eventLoopP99Ms: of(now, 'cosmic_eventloop_delay_p99_seconds') * 1000,
    cpuShare: perS('cosmic_process_cpu_seconds_total'),
    residentBytes: of(now, 'cosmic_process_resident_memory_bytes'),
    diskBytes: of(now, 'cosmic_disk_bytes'),
    diskFreeBytes: of(now, 'cosmic_disk_free_bytes'),
    peers: of(now, 'cosmic_peers_connected'),
    lags: byLabel('cosmic_follower_lag', 'follower', (follower) => of(now, 'cosmic_follower_lag', { follower })),
    refused: Object.fromEntries(
      Object.entries(refused)
        .filter(([, count]) => count > 0)
        .sort((a, b) => b[1] - a[1]),
    ),
  };
}
