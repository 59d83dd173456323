/** Something long that people watch. `total`: 0 where nobody knows how much there is. */
export interface Progress {
  (done: number, total: number, what?: string): void;
  end(): void;
}

export interface Drawn {
  readonly out?: Pick<NodeJS.WriteStream, 'isTTY' | 'columns' | 'write'>;
  /** Milliseconds that only grow. */
  readonly now?: () => number;
}

const WIDTH = 24;
/** What is over within a second is not drawn. */
const QUIET_MS = 1_000;
/** On a terminal at most so often; elsewhere a line, for who reads it afterwards. */
const REDRAW_MS = 100;
const LINE_MS = 10_000;

/** A bar with rate and time left, for whatever takes longer than a second: redrawn on a terminal, a line each ten seconds elsewhere. */
export function progressBar(
  label: string,
  { out = process.stderr, now = () => performance.now() }: Drawn = {},
): Progress {
  const started = now();
  let drawnAt = -Infinity;
  let shown = false;
  const draw = (done: number, total: number, what = ''): void => {
    const at = now();
    if (at - started < QUIET_MS || at - drawnAt < (out.isTTY ? REDRAW_MS : LINE_MS)) return;
    drawnAt = at;
    shown = true;
    const line = progressLine(label, { done, total, elapsedMs: at - started, what });
    out.write(out.isTTY ? `\r\x1b[2K${line.slice(0, Math.max(20, out.columns ?? 80) - 1)}` : `${line}\n`);
  };
  return Object.assign(draw, {
    end: () => {
      if (shown && out.isTTY) out.write('\r\x1b[2K');
      shown = false;
    },
  });
}

/** One line of progress: bar, count, rate, time left. */
export function progressLine(
  label: string,
  { done, total, elapsedMs, what = '' }: { done: number; total: number; elapsedMs: number; what?: string },
): string {
  const perSecond = elapsedMs > 0 ? done / (elapsedMs / 1000) : 0;
  const rate = perSecond > 0 ? `${amount(perSecond)}/s` : '';
  if (total <= 0) return [label, String(done), rate, what].filter(Boolean).join('  ');
  const share = Math.min(1, done / total);
  const full = Math.round(share * WIDTH);
  const bar = '█'.repeat(full) + '░'.repeat(WIDTH - full);
  const left = perSecond > 0 && done < total ? `${durationText((total - done) / perSecond)} left` : '';
  return [`${label} ${bar} ${String(done).padStart(String(total).length)}/${total}`, rate, left, what]
    .filter(Boolean)
    .join('  ');
}

function amount(perSecond: number): string {
  return perSecond >= 10 ? Math.round(perSecond).toLocaleString('en') : perSecond.toPrecision(2);
}

/** Seconds as a person says them: never more exact than it is known. */
export function durationText(seconds: number): string {
  const whole = Math.ceil(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60 === 0 ? '' : `${whole % 60} s`}`.trim();
  return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
}
