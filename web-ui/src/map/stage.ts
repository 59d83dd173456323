import type { SpaceMap } from '@cosmicembeddings/sdk/api';
import { element } from '../parts/element.js';
import { wireGestures } from './gestures.js';
import { createLabels, type Label } from './labels.js';
import { openPlain, openWebgl, radiusOf, type Painter } from './painter.js';
import { pickerOf, thinned, type Picker } from './pick.js';
import {
  around,
  between,
  ends,
  everything,
  mostOf,
  panned,
  pixelOf,
  placeOf,
  zoomed,
  type Box,
  type Size,
  type View,
} from './view.js';

export interface StageOptions {
  /** For who does not see it: what it is and which keys move it. */
  readonly label: string;
  readonly ring: () => readonly [number, number, number];
  readonly signal: AbortSignal;
  /** −1: nothing is there. */
  onPress(index: number): void;
  onHover(index: number, left: number, top: number): void;
  onOutline(indexes: readonly number[]): void;
  onEscape(): void;
}

/** A map that can be moved. */
export interface Stage {
  readonly node: HTMLElement;
  /** Is it drawn by WebGL 2? undefined: not at all. */
  readonly way: 'webgl' | 'plain' | undefined;
  show(map: SpaceMap, names: readonly Label[]): void;
  colour(codes: Uint8Array, palette: Uint8Array): void;
  states(states: Uint8Array): void;
  /** Points with a number beside them, in that order. */
  number(indexes: readonly number[]): void;
  /** So that these points are in sight; all where there are none. */
  goTo(indexes: readonly number[]): void;
  zoom(factor: number): void;
  /** Does dragging draw an outline? */
  lasso(on: boolean): void;
  /** Points in sight. */
  inSight(): readonly number[];
  redraw(): void;
}

const UNIT = 65_535;
const NEAR_PX = 12;
const NEAR_TOUCH_PX = 24;
const CORNERS_MAX = 64;
const FLIGHT_MS = 300;
/** Of the stage so much is filled by all points, and by some of them. */
const FILLED = 0.94;
const FILLED_SOME = 0.7;
/** Some are not shown larger than so many times the whole. */
const CLOSE = 12;
const NAMES = 40;
const NAMES_NARROW = 12;
const NARROW_PX = 560;

export function createStage(options: StageOptions): Stage {
  const { signal } = options;
  const canvas = element('canvas', { 'aria-hidden': 'true' });
  const names = createLabels();
  const numbers = element('div', { class: 'numbers', 'aria-hidden': 'true' });
  const outlined = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
  const outline = document.createElementNS('http://www.w3.org/2000/svg', 'polyline');
  outlined.setAttribute('aria-hidden', 'true');
  outlined.append(outline);
  const node = element(
    'div',
    { class: 'stage', tabindex: '0', role: 'group', 'aria-roledescription': 'map', 'aria-label': options.label },
    canvas,
    names.node,
    numbers,
    element('span', { class: 'cross', 'aria-hidden': 'true' }),
  );
  node.append(outlined);
  const webgl = openWebgl(canvas);
  const painter: Painter | undefined = webgl ?? openPlain(canvas);
  const way = webgl !== undefined ? 'webgl' : painter === undefined ? undefined : 'plain';

  let map: SpaceMap | undefined;
  let picker: Picker | undefined;
  let size: Size = { width: 1, height: 1 };
  /** Where all points lie, and where nearly all do: a few far ones would make the rest a dot. */
  let box: Box = everything;
  let core: Box = everything;
  const wholeView = (): View => around(box, size, FILLED);
  const coreView = (): View => around(core, size, FILLED);
  let view: View = coreView();
  let stays: (() => View) | undefined = coreView;
  let isLasso = false;
  let faint: Uint8Array = new Uint8Array(0);
  let numbered: readonly { readonly index: number; readonly span: HTMLElement }[] = [];
  let frame: number | undefined;
  let flight: { readonly from: View; readonly to: View; readonly sinceMs: number } | undefined;

  const soon = (): void => void (frame ??= requestAnimationFrame(draw));
  const draw = (nowMs: number): void => {
    frame = undefined;
    if (map === undefined || painter === undefined || signal.aborted) return;
    if (flight !== undefined) {
      const part = Math.min(1, (nowMs - flight.sinceMs) / FLIGHT_MS);
      view = between(flight.from, flight.to, part);
      if (part < 1) soon();
      else flight = undefined;
    }
    const depth = view.scale / coreView().scale;
    const ratio = canvas.width / Math.max(1, size.width);
    painter.draw(view, size, { ratio, radius: radiusOf(map.points, depth), ring: options.ring() });
    names.draw(view, size, size.width < NARROW_PX ? NAMES_NARROW : NAMES);
    for (const { index, span } of numbered) {
      const [left, top] = pixelOf(view, size, map.xs[index]! / UNIT, map.ys[index]! / UNIT);
      span.hidden = left < 0 || top < 0 || left > size.width || top > size.height;
      span.style.transform = `translate(${Math.round(left)}px, ${Math.round(top)}px)`;
    }
  };
  const move = (next: View): void => {
    flight = undefined;
    view = next;
    stays = undefined;
    soon();
  };
  const fly = (to: View): void => {
    if (matchMedia('(prefers-reduced-motion: reduce)').matches) return move(to);
    stays = undefined;
    flight = { from: view, to, sinceMs: performance.now() };
    soon();
  };
  const whole = (): void => {
    fly(wholeView());
    stays = wholeView;
  };
  const nearest = (left: number, top: number, withinPx: number): number => {
    if (picker === undefined) return -1;
    const [x, y] = placeOf(view, size, left, top);
    return picker.nearest(x, y, withinPx / view.scale, (index) => faint[index] !== 1);
  };
  const fit = (): void => {
    const { clientWidth, clientHeight } = node;
    if (clientWidth === 0 || clientHeight === 0) return;
    size = { width: clientWidth, height: clientHeight };
    const ratio = Math.min(2, devicePixelRatio);
    canvas.width = Math.round(clientWidth * ratio);
    canvas.height = Math.round(clientHeight * ratio);
    outlined.setAttribute('viewBox', `0 0 ${clientWidth} ${clientHeight}`);
    if (stays !== undefined) view = stays();
    soon();
  };
  const resizing = new ResizeObserver(fit);
  resizing.observe(node);
  signal.addEventListener('abort', () => {
    resizing.disconnect();
    if (frame !== undefined) cancelAnimationFrame(frame);
    painter?.close();
  });
  wireGestures(
    node,
    {
      pan: (right, down) => move(panned(view, right, down)),
      zoom: (factor, left, top) => move(zoomed(view, size, wholeView().scale, factor, left, top)),
      whole,
      press: (left, top, isTouch) => options.onPress(nearest(left, top, isTouch ? NEAR_TOUCH_PX : NEAR_PX)),
      hover: (left, top) => options.onHover(nearest(left, top, NEAR_PX), left, top),
      leave: () => options.onHover(-1, 0, 0),
      outline: (points, isDone) => {
        outline.setAttribute('points', isDone ? '' : points.map((point) => point.join(',')).join(' '));
        if (!isDone || points.length < 3) return;
        const corners = thinned(points, CORNERS_MAX).map(([left, top]) => placeOf(view, size, left, top));
        options.onOutline((picker?.inside(corners) ?? []).filter((index) => faint[index] !== 1));
      },
      middle: () => options.onPress(nearest(size.width / 2, size.height / 2, size.width + size.height)),
      escape: () => options.onEscape(),
    },
    () => isLasso,
    signal,
  );

  return {
    node,
    way,
    show: (next, labels) => {
      map = next;
      picker = pickerOf(next);
      const inUnits = ([from, to]: [number, number]): [number, number] => [from / UNIT, to / UNIT];
      const boxOf = (range: (values: Uint16Array) => [number, number]): Box =>
        next.points === 0 ? everything : { x: inUnits(range(next.xs)), y: inUnits(range(next.ys)) };
      [box, core] = [boxOf(ends), boxOf(mostOf)];
      faint = new Uint8Array(next.points);
      painter?.points(next.xs, next.ys);
      painter?.states(faint);
      names.put(labels);
      numbers.replaceChildren();
      numbered = [];
      fit();
    },
    colour: (codes, palette) => {
      painter?.colours(codes, palette);
      soon();
    },
    states: (states) => {
      faint = states;
      painter?.states(states);
      soon();
    },
    number: (indexes) => {
      numbered = indexes.map((index, i) => ({ index, span: element('span', {}, String(i + 1)) }));
      numbers.replaceChildren(...numbered.map(({ span }) => span));
      soon();
    },
    goTo: (indexes) => {
      if (map === undefined || indexes.length === 0) return whole();
      const { xs, ys } = map;
      const at = (of: Uint16Array): [number, number] => ends(indexes.map((index) => of[index]! / UNIT));
      fly(around({ x: at(xs), y: at(ys) }, size, FILLED_SOME, CLOSE * coreView().scale));
    },
    zoom: (factor) => fly(zoomed(view, size, wholeView().scale, factor, size.width / 2, size.height / 2)),
    lasso: (on) => {
      isLasso = on;
      node.classList.toggle('lasso', on);
    },
    inSight: () => {
      const corners = [
        [0, 0],
        [size.width, 0],
        [size.width, size.height],
        [0, size.height],
      ] as const;
      const outlineOf = corners.map(([left, top]) => placeOf(view, size, left, top));
      return (picker?.inside(outlineOf) ?? []).filter((index) => faint[index] !== 1);
    },
    redraw: soon,
  };
}
