import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { createMetrics } from '../../src/operate/metrics.js';

test('the metrics that the documentation names are the metrics that are there', async () => {
  const metrics = createMetrics({
    head: async () => ({ seq: 3, count: 2, labels: 5 }),
    load: () => ({ blocks: 1, bytes: 2 }),
    lags: async () => [{ name: 'vectors', lag: 7 }],
    peers: () => 4,
    clockOffsetMs: () => -3_000,
    bannedPeers: () => 1,
    recall: () => undefined,
    backups: () => undefined,
    checked: () => ({ atMs: 5_000, findings: 2 }),
    ready: async () => false,
    responses: () => [],
    disk: async () => ({ used: { 'store.sqlite': 16384 }, free: 99 }),
    version: '1.2.3',
  });
  try {
    metrics.accepted.inc({ status: 'stored' });
    metrics.rejected.inc({ code: 'block.malformed' });
    const text = await metrics.text();
    const own = [...text.matchAll(/^# TYPE (cosmic_\S+)/gm)]
      .map((match) => match[1]!)
      .filter((name) => !/^cosmic_(process|nodejs)_/.test(name));
    const documented = [
      ...readFileSync(new URL('../../../docs/operating.md', import.meta.url), 'utf8').matchAll(
        /`(cosmic_[a-z0-9_]+)(?:\{[\w,]+\})?`/g,
      ),
    ].map((match) => match[1]!);
    expect([...new Set(documented)].sort()).toEqual([...own].sort());
    expect(text).toContain('cosmic_follower_lag{follower="vectors"} 7');
    expect(text).toContain('cosmic_rows 5');
    expect(text).toContain('cosmic_disk_bytes{part="store.sqlite"} 16384');
    expect(text).toContain('cosmic_build_info{version="1.2.3"');
    // What promtool check metrics refuses.
    expect(text).not.toMatch(/^# TYPE \S+_total (?!counter)/m);
    expect(text).toContain('cosmic_peers_clock_offset_seconds -3');
    expect(text).toContain('cosmic_ready 0');
    expect(text).toContain('cosmic_fsck_findings 2');
    expect(text).toContain('cosmic_fsck_last_timestamp_seconds 5');
  } finally {
    metrics.close();
  }
});
