import { openBlock, type ObserverLocation } from '@cosmicembeddings/sdk';
import { createSky, skyChart } from '@cosmicembeddings/sdk/sky';
import { themeNow } from './theme.js';

const sky = createSky();

/** The sky of a block's claimed time and place, drawn here; undefined for blocks without a stamp. */
export function chartOf(wire: Uint8Array, sizePx: number): SVGElement | undefined {
  const opened = openBlock(wire);
  if (opened.status === 'rejected') return undefined;
  const { timestamp, observer_location: place } = opened.block.header;
  return draw(timestamp, place, sizePx);
}

/** Drawn from numbers alone; parsed as SVG, never put in as HTML. */
function draw(timeMs: number, place: ObserverLocation | undefined, sizePx: number): SVGElement {
  const observation = sky.observe({ timeMs, ...(place === undefined ? {} : { place }) });
  const parsed = new DOMParser().parseFromString(skyChart(observation, { sizePx, theme: themeNow() }), 'image/svg+xml');
  return document.importNode(parsed.documentElement, true) as unknown as SVGElement;
}
