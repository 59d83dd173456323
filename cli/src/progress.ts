/** Something long that people watch. */
export interface Progress {
  (done: number, total: number, what?: string): void;
  end(): void;
}

const WIDTH = 30;

/** A bar that redraws itself on a terminal; elsewhere a line at every quarter. */
export function progressBar(label: string, out: NodeJS.WriteStream = process.stderr): Progress {
  let quarter = -1;
  let shown = false;
  const draw = (done: number, total: number, what = ''): void => {
    const share = total === 0 ? 1 : Math.min(1, done / total);
    const full = Math.round(share * WIDTH);
    const bar = '█'.repeat(full) + '░'.repeat(WIDTH - full);
    if (out.isTTY) {
      const line = `${label} ${bar} ${String(done).padStart(String(total).length)}/${total} ${what}`;
      out.write(`\r\x1b[2K${line.slice(0, Math.max(20, out.columns ?? 80) - 1)}`);
      shown = true;
      return;
    }
    const reached = Math.floor(share * 4);
    if (reached === quarter) return;
    quarter = reached;
    out.write(`${label} ${bar} ${done}/${total}\n`);
  };
  return Object.assign(draw, {
    end: () => {
      if (shown) out.write('\n');
    },
  });
}
