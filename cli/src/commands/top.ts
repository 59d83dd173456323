import { setTimeout as delay } from 'node:timers/promises';
import type { NodeStatus } from '@cosmicembeddings/sdk';
import { openOperatorClient } from '../node-client.js';
import { bytesText, plain, print, UsageError } from '../output.js';
import { paint } from '../paint.js';
import { durationMsOf } from '@cosmicembeddings/sdk/schema';
import { figuresOf, samplesOf, type Figures } from '../top/figures.js';
import { define } from './command.js';

interface TopFlags {
  every: string;
  once: boolean;
}

const CLEAR = '\x1b[H\x1b[2J';
/** The first figures come after so long, whatever the interval. */
const FIRST_MS = 500;

export const topCommand = define<TopFlags>({
  command: 'top',
  describe: 'What a node does right now: rates, times, followers, peers, memory, disk; drawn anew until Ctrl-C',
  examples: [
    ['cosmic top', 'drawn anew every second'],
    ['cosmic top --once', 'once, then ends'],
  ],
  builder: (yargs) =>
    yargs
      .option('every', { type: 'string', default: '2s', describe: 'time between two looks, such as 500ms, 2s, 1m' })
      .option('once', { type: 'boolean', default: false, describe: 'one look, then end' }),
  run: async ({ every, once }, settings) => {
    const everyMs = durationMsOf(every);
    if (everyMs === undefined || everyMs < 100) throw new UsageError(`--every ${every}: a time from 100ms on`);
    const client = openOperatorClient(settings);
    const ending = new AbortController();
    process.once('SIGINT', () => ending.abort());
    let before = samplesOf(await client.metrics());
    let lookedAt = performance.now();
    let wait = Math.min(FIRST_MS, everyMs);
    while (await slept(wait, ending.signal)) {
      const [text, status] = await Promise.all([client.metrics(), client.status()]);
      const now = samplesOf(text);
      const at = performance.now();
      const figures = figuresOf(before, now, at - lookedAt);
      [before, lookedAt, wait] = [now, at, everyMs];
      // One object a line: who reads it need not wait for an end.
      if (settings.json)
        print(JSON.stringify({ at: new Date().toISOString(), node: status.node, ...figures, notes: status.notes }));
      else print((process.stdout.isTTY && !once ? CLEAR : '') + screen(status, figures, settings.node));
      if (once) return;
    }
  },
});

async function slept(ms: number, signal: AbortSignal): Promise<boolean> {
  return delay(ms, true, { signal }).catch(() => false);
}

function screen(status: Pick<NodeStatus, 'node' | 'version' | 'notes'>, figures: Figures, address: string): string {
  const { lags, refused } = figures;
  const lag = Object.entries(lags).map(([name, behind]) =>
    behind === 0
      ? `${plain(name)} ${paint('green', 'up to date')}`
      : `${plain(name)} ${paint('yellow', `${behind} behind`)}`,
  );
  const why = Object.entries(refused).slice(0, 5);
  return [
    `${paint('bold', address)}  ${status.node}  version ${status.version}`,
    '',
    row('holds', `${number(figures.blocks)} blocks, ${number(figures.rows)} rows, ${figures.peers} peers connected`),
    row(
      'publishing',
      `${rate(figures.storedPerS)} stored, ${rate(figures.rejectedPerS)} refused, 99 of 100 within ${time(figures.acceptP99Ms)}`,
    ),
    row('searching', `${rate(figures.searchesPerS)}, 99 of 100 within ${time(figures.searchP99Ms)}`),
    row(
      'requests',
      `${rate(figures.requestsPerS)}; event loop late by ${time(figures.eventLoopP99Ms)} at most (99 of 100)`,
    ),
    row('followers', lag.join(', ')),
    row(
      'machine',
      `${figures.cpuShare.toFixed(2)} cores, ${bytesText(figures.residentBytes)} of memory, ${bytesText(figures.diskBytes)} on disk, ${bytesText(figures.diskFreeBytes)} free`,
    ),
    ...(why.length === 0
      ? []
      : [row('refused', why.map(([code, count]) => `${plain(code)} ${number(count)}`).join(', '))]),
    ...status.notes.map((text) => row(paint('yellow', 'note'), plain(text))),
  ].join('\n');
}

const row = (name: string, text: string): string => `${name.padEnd(12)}${text}`;
const number = (n: number): string => Math.round(n).toLocaleString('en').replaceAll(',', ' ');
const rate = (perS: number): string => `${perS >= 100 || perS === 0 ? Math.round(perS) : perS.toFixed(1)}/s`;
const time = (ms: number | undefined): string =>
  ms === undefined ? '–' : `${ms >= 10 ? Math.round(ms) : ms.toFixed(1)} ms`;
