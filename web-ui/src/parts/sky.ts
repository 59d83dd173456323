import { openBlock } from '@cosmicembeddings/sdk';
import { createSky, skyChart } from '@cosmicembeddings/sdk/sky';
import { t } from '../words/index.js';
import { element } from './element.js';
import { themeNow } from './theme.js';

const sky = createSky();

/** The sky of a block's claimed time and place, drawn here as an image; undefined for blocks without a stamp. */
export function chartOf(wire: Uint8Array, sizePx: number, signal: AbortSignal): HTMLImageElement | undefined {
  const opened = openBlock(wire);
  if (opened.status === 'rejected') return undefined;
  const { timestamp: timeMs, observer_location: place } = opened.block.header;
  const svg = skyChart(sky.observe({ timeMs, ...(place === undefined ? {} : { place }) }), {
    sizePx,
    theme: themeNow(),
  });
  // An image runs nothing and is no part of the page, whatever it holds.
  const src = URL.createObjectURL(new Blob([svg], { type: 'image/svg+xml' }));
  signal.addEventListener('abort', () => URL.revokeObjectURL(src));
  return element('img', { src, alt: t('block.sky'), width: String(sizePx), height: String(sizePx) });
}
