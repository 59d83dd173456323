import type { SpaceReport } from '@cosmicembeddings/sdk';
import type { SpaceMap } from '@cosmicembeddings/sdk/api';
import { classColour, CLASSES, orderColour, paletteOf, rgbOf } from '../map/colours.js';
import { passagesOf, type Row } from '../map/passages.js';
import { createStage, type Stage } from '../map/stage.js';
import { element, shortDid, table } from '../parts/element.js';
import { explain } from '../parts/explain.js';
import type { Place, ShowPage } from '../parts/place.js';
import { likeOf } from '../parts/query.js';
import { hrefOf } from '../parts/route.js';
import { themeNow } from '../parts/theme.js';
import { numberText, t, timeText } from '../words/index.js';

/** What points are coloured by. */
const colourings = ['tag', 'author', 'model', 'time'] as const;
type Colouring = (typeof colourings)[number];

const AGAIN_MS = 2_000;
const LOOK_MS = 60_000;
const SHOWN = 12;
const HITS = 10;
const HOVER_MS = 250;
const UNIT = 65_535;

/** A space in two dimensions: what it is about, where a question falls, who or when fills a region. */
export const showMap: ShowPage = async (place, { target, search }) => {
  const { client, content, say, signal } = place;
  const known = (await client.spaces()).filter((space) => rowsOf(space) > 0).sort((a, b) => rowsOf(b) - rowsOf(a));
  if (signal.aborted) return;
  const space = known.find(({ id }) => id === target) ?? known[0];
  if (space === undefined) {
    content.replaceChildren(
      element('h1', {}, t('nav.map')),
      element('p', {}, t('spaces.none')),
      element('p', {}, element('a', { class: 'button', href: hrefOf('publish') }, t('nav.publish'))),
    );
    return say('');
  }
  content.replaceChildren(element('h1', { class: 'unseen' }, t('nav.map')));
  await drawSpace(space, known, new URLSearchParams(search), place);
};

async function drawSpace(
  space: SpaceReport,
  known: readonly SpaceReport[],
  params: URLSearchParams,
  place: Place,
): Promise<void> {
  const { client, content, say, signal } = place;
  const wanted = colourings.find((one) => one === params.get('colour')) ?? 'tag';
  let colouring: Colouring = wanted;
  let map: SpaceMap | undefined;
  let tag: string | undefined;
  /** The legend's entry that is looked at alone. */
  let alone: number | undefined;
  let hits: readonly number[] | undefined;
  let picked: readonly number[] = [];
  let selected: readonly number[] | undefined;
  let hovered = -1;
  let hovering: ReturnType<typeof setTimeout> | undefined;

  const names = new Map(known.map(({ id, space: { model } }) => [id, model]));
  const tip = element('p', { class: 'tip', hidden: '', 'aria-hidden': 'true' });
  const stage: Stage = createStage({
    label: t('map.keys'),
    ring: () => (themeNow() === 'dark' ? [143, 180, 255] : [47, 90, 168]),
    signal,
    onPress: (index) => void pick(index),
    onHover: hover,
    onOutline: (indexes) => void select(indexes, t('map.outlined')),
    onEscape: () => clear(),
  });
  stage.node.append(tip);
  const note = element('p', { class: 'warn', hidden: '' });
  const legend = element('div', { class: 'legend' });
  const regions = element('div', { class: 'regions' });
  const results = element('section', { class: 'results-of-map', 'aria-live': 'off', hidden: '' });
  const lasso = element('button', { type: 'button', class: 'plain', 'aria-pressed': 'false' }, t('map.lasso'));
  lasso.addEventListener('click', () => {
    const on = lasso.getAttribute('aria-pressed') !== 'true';
    lasso.setAttribute('aria-pressed', String(on));
    stage.lasso(on);
  });
  const button = (text: string, act: () => void, label?: string): HTMLElement => {
    const made = element(
      'button',
      { type: 'button', class: 'plain', ...(label === undefined ? {} : { 'aria-label': label }) },
      text,
    );
    made.addEventListener('click', act);
    return made;
  };
  const colourSelect = selectOf(
    t('map.colour'),
    colourings.map((one) => [one, t(`map.by.${one}`)]),
    colouring,
    (value) => {
      colouring = value as Colouring;
      alone = undefined;
      remember('colour', colouring === 'tag' ? undefined : colouring);
      dress();
    },
  );
  const spaceSelect = selectOf(
    t('spaces.id'),
    known.map((one) => [one.id, `${one.space.model} (${numberText(rowsOf(one))})`]),
    space.id,
    (value) => void (location.hash = hrefOf('map', value, params.size === 0 ? '' : `?${params.toString()}`)),
  );
  const input = element('input', {
    type: 'search',
    name: 'within',
    value: params.get('q') ?? '',
    placeholder: t('map.ask'),
    'aria-label': t('map.ask'),
    dir: 'auto',
    autocomplete: 'off',
  });
  const asking = element(
    'form',
    { class: 'within' },
    input,
    element('button', { type: 'submit', class: 'plain' }, t('ask.button')),
  );
  asking.addEventListener('submit', (event) => {
    event.preventDefault();
    remember('q', input.value.trim() || undefined);
    void ask(input.value.trim());
  });

  const drawn = element(
    'div',
    { class: 'drawn-map' },
    stage.node,
    element(
      'div',
      { class: 'tools-of-map' },
      button('+', () => stage.zoom(1.6), t('map.nearer')),
      button('−', () => stage.zoom(1 / 1.6), t('map.further')),
      button(t('map.whole'), () => stage.goTo([])),
      lasso,
      button(t('map.pickSight'), () => void select(stage.inSight(), t('map.inSight'))),
    ),
    element('p', { class: 'quiet means' }, t('map.means')),
  );
  content.append(
    element(
      'div',
      { class: 'map' },
      element('div', { class: 'bar-of-map' }, asking, colourSelect, spaceSelect),
      note,
      drawn,
      element('div', { class: 'side-of-map' }, legend, results, regions),
    ),
  );
  if (stage.way === undefined) stage.node.hidden = true;
  if (stage.way !== 'webgl') {
    note.textContent = t(stage.way === 'plain' ? 'map.plain' : 'map.noCanvas');
    note.hidden = false;
  }

  await follow();

  /** Asks until it is ready, then from time to time. */
  async function follow(): Promise<void> {
    say(t('loading'));
    for (let first = true; !signal.aborted; first = false) {
      const answer = await client.map(space.id, { known: tag, signal });
      if (answer !== undefined) {
        ({ tag } = answer);
        show(answer.map, first);
      }
      const isReady = map?.state === 'ready' && map.regions.length > 0;
      await pause(isReady || map?.state === 'few' ? LOOK_MS : AGAIN_MS, signal);
    }
  }

  function show(next: SpaceMap, first: boolean): void {
    const before = map;
    const kept = (indexes: readonly number[]): number[] =>
      indexes.flatMap((index) => {
        const at = indexOfLabel(next, before!.labels[index]!);
        return at < 0 ? [] : [at];
      });
    if (before !== undefined) {
      picked = kept(picked);
      hits &&= kept(hits);
      selected &&= kept(selected);
    }
    map = next;
    stage.show(
      next,
      next.regions.map((region, i) => ({ text: nameOf(next, i), x: region.x / UNIT, y: region.y / UNIT })),
    );
    dress();
    listRegions();
    if (hits !== undefined) stage.number(hits);
    say(sayOf(next));
    // Of a few passages there is none, and no empty frame of one.
    const isFew = next.state === 'few';
    drawn.parentElement!.classList.toggle('few', isFew);
    for (const part of [drawn, legend, asking, colourSelect]) part.hidden = isFew;
    if (next.share < 1) {
      note.textContent = t('map.sample', { part: numberText(Math.round(100 * next.share)) });
      note.hidden = false;
    }
    if (!first && before !== undefined && before.points > 0) return;
    if (next.points === 0) return;
    const question = params.get('q');
    if (question !== null && hits === undefined) void ask(question);
    const wantedPick = params.get('pick');
    if (wantedPick !== null && picked.length === 0) void pickNamed(wantedPick);
  }

  /** Colours, legend, and what is faint. */
  function dress(): void {
    if (map === undefined) return;
    const theme = themeNow();
    const codes = colouring === 'time' ? map.timeCodes : map.codes[colouring];
    stage.colour(codes, paletteOf(theme, colouring === 'time' ? 'order' : 'class'));
    mark();
    legend.replaceChildren(
      ...legendNodes(map, colouring, names, alone, (code) => {
        alone = alone === code ? undefined : code;
        dress();
        legend.querySelector<HTMLElement>('[aria-pressed=true]')?.focus();
      }),
    );
  }

  function mark(): void {
    if (map === undefined) return;
    const states = new Uint8Array(map.points);
    if (alone !== undefined && colouring !== 'time') {
      const codes = map.codes[colouring];
      for (let i = 0; i < states.length; i++) {
        const code = codes[i]! > CLASSES ? 0 : codes[i]!;
        if (code !== alone) states[i] = 1;
      }
    }
    const only = selected ?? hits;
    if (only !== undefined) {
      const inside = new Set(only);
      for (let i = 0; i < states.length; i++) if (!inside.has(i)) states[i] = 1;
    }
    for (const index of [...(hits ?? []), ...picked]) states[index] = 2;
    stage.states(states);
  }

  async function ask(words: string): Promise<void> {
    selected = undefined;
    if (words === '') return clear();
    try {
      const answer = await client.search({ text: words, k: HITS, rows: 'all', filter: { spaces: [space.id] } }, signal);
      const rows = answer.hits.map(({ id, row }) => ({ id, row }));
      const found = await client.mapRows({ hits: rows });
      if (signal.aborted || map === undefined) return;
      const shown = map;
      const at = found.map(({ label }) => (label === undefined ? -1 : indexOfLabel(shown, label)));
      hits = at.filter((index) => index >= 0);
      stage.number(hits);
      mark();
      if (hits.length > 0) stage.goTo(hits);
      await list(t('map.hits', { hits: t('n.hits', { n: rows.length }), words }), rows, true);
      if (rows.length === 0) say(t('search.nothing'));
    } catch (error) {
      if (!signal.aborted) say(explain(error));
    }
  }

  async function pick(index: number): Promise<void> {
    if (map === undefined || index < 0) return;
    picked = [index];
    mark();
    const [row] = await client.mapRows({ labels: [map.labels[index]!] });
    if (row?.id === undefined || signal.aborted) return;
    remember('pick', `${row.id}.${row.row ?? 0}`);
    await list(t('map.picked'), [{ id: row.id, row: row.row ?? 0 }]);
  }

  async function pickNamed(name: string): Promise<void> {
    const { id, row = 0 } = likeOf(name);
    const [found] = await client.mapRows({ hits: [{ id, row }] }).catch(() => []);
    const index = found?.label === undefined || map === undefined ? -1 : indexOfLabel(map, found.label);
    if (index < 0 || signal.aborted) return;
    picked = [index];
    mark();
    await list(t('map.picked'), [{ id, row }]);
  }

  async function select(indexes: readonly number[], how: string): Promise<void> {
    if (map === undefined) return;
    hits = undefined;
    stage.number([]);
    picked = [];
    selected = indexes;
    mark();
    const { labels } = map;
    await list(
      `${how}: ${t('n.passages', { n: indexes.length })}`,
      indexes.map((index) => labels[index]!),
    );
  }

  function clear(): void {
    hits = selected = undefined;
    picked = [];
    input.value = '';
    stage.number([]);
    mark();
    results.hidden = true;
    results.replaceChildren();
    remember('q', undefined);
    remember('pick', undefined);
  }

  /** Rows, or labels of rows that are looked up as they are shown. */
  async function list(title: string, of: readonly (Row | number)[], isNumbered = false): Promise<void> {
    const items = element(isNumbered ? 'ol' : 'ul', { class: 'picked' });
    const more = element('button', { type: 'button', class: 'plain' }, t('more'));
    const heading = element('h2', { tabindex: '-1' }, title);
    const close = button(t('map.clear'), () => {
      clear();
      stage.node.focus();
    });
    results.replaceChildren(element('div', { class: 'head' }, heading, close), items, more);
    results.hidden = false;
    say(title);
    let shown = 0;
    const fill = async (): Promise<void> => {
      more.disabled = true;
      const some = of.slice(shown, shown + SHOWN);
      shown += some.length;
      const labels = some.filter((one) => typeof one === 'number');
      const found = labels.length === 0 ? [] : await client.mapRows({ labels });
      const byLabel = new Map(found.map((one) => [one.label, one]));
      const rows = some.flatMap((one): Row[] => {
        if (typeof one !== 'number') return [one];
        const row = byLabel.get(one);
        return row?.id === undefined ? [] : [{ id: row.id, row: row.row ?? 0 }];
      });
      const nodes = await passagesOf(rows, place);
      if (signal.aborted) return;
      items.append(...nodes.flatMap((node) => (node === undefined ? [] : [element('li', {}, node)])));
      more.disabled = false;
      more.hidden = shown >= of.length;
    };
    more.addEventListener('click', () => void fill().catch((error: unknown) => say(explain(error))));
    await fill();
  }

  function listRegions(): void {
    if (map === undefined || map.regions.length === 0) return regions.replaceChildren();
    const shown = map;
    const open = (i: number): void => {
      const members = Array.from(shown.regionCodes.keys()).filter((index) => shown.regionCodes[index] === i + 1);
      stage.goTo(members);
      void select(members, nameOf(shown, i)).then(() => results.querySelector('h2')?.focus());
    };
    const had = regions.querySelector('details')?.open ?? true;
    const node = element(
      'details',
      had ? { open: '' } : {},
      element('summary', {}, element('h2', {}, t('map.regions', { n: shown.regions.length }))),
      element('p', { class: 'quiet' }, t('map.regionsMean')),
      table(
        t('map.regionsTitle'),
        [t('map.words'), t('map.passages')],
        shown.regions.map((region, i) => [button(nameOf(shown, i), () => open(i)), numberText(region.points)]),
      ),
    );
    regions.replaceChildren(node);
  }

  function hover(index: number, left: number, top: number): void {
    stage.node.classList.toggle('over', index >= 0);
    if (index < 0 || index !== hovered) tip.hidden = true;
    if (index === hovered) return;
    hovered = index;
    clearTimeout(hovering);
    if (index < 0 || map === undefined) return;
    const label = map.labels[index]!;
    hovering = setTimeout(() => {
      void (async () => {
        const [row] = await client.mapRows({ labels: [label] });
        if (row?.id === undefined || hovered !== index) return;
        const [node] = await passagesOf([{ id: row.id, row: row.row ?? 0 }], place);
        if (hovered !== index || signal.aborted || node === undefined) return;
        tip.textContent = `${node.querySelector('h3')?.textContent ?? ''} — ${node.querySelector('.passage')?.textContent ?? ''}`;
        tip.hidden = false;
        const right = Math.min(left, stage.node.clientWidth - tip.offsetWidth - 8);
        tip.style.transform = `translate(${Math.max(0, right)}px, ${top + 16}px)`;
      })().catch(() => undefined);
    }, HOVER_MS);
  }

  function remember(name: string, value: string | undefined): void {
    if (value === undefined) params.delete(name);
    else params.set(name, value);
    const text = params.toString();
    history.replaceState(
      history.state,
      '',
      `${location.pathname}${hrefOf('map', space.id, text === '' ? '' : `?${text}`)}`,
    );
  }
}

function rowsOf({ rows, home }: SpaceReport): number {
  return Math.max(rows, home?.rows ?? 0);
}

function sayOf({ state, rows, least, done, points, regions }: SpaceMap): string {
  if (state === 'few') return t('map.few', { least: numberText(least), n: numberText(rows) });
  if (points === 0 || state === 'layout' || state === 'neighbours')
    return t('map.making', { passages: t('n.passages', { n: rows }), part: numberText(Math.round(100 * done)) });
  return t('map.holds', { passages: t('n.passages', { n: points }), regions: t('map.regions', { n: regions.length }) });
}

/** Words, else tags, else its number. */
function nameOf({ regions }: SpaceMap, i: number): string {
  const { words, tags } = regions[i]!;
  const parts = words.length > 0 ? words : tags;
  return parts.length > 0 ? parts.join(' · ') : t('map.region', { n: i + 1 });
}

/** Labels ascend. */
function indexOfLabel({ labels }: SpaceMap, label: number): number {
  let [low, high] = [0, labels.length - 1];
  while (low <= high) {
    const middle = (low + high) >> 1;
    if (labels[middle] === label) return middle;
    if (labels[middle]! < label) low = middle + 1;
    else high = middle - 1;
  }
  return -1;
}

function legendNodes(
  map: SpaceMap,
  colouring: Colouring,
  names: ReadonlyMap<string, string>,
  alone: number | undefined,
  press: (code: number) => void,
): HTMLElement[] {
  const theme = themeNow();
  if (colouring === 'time') {
    const ramp = element('span', { class: 'ramp', 'aria-hidden': 'true' });
    ramp.style.background = `linear-gradient(to right, ${[0, 0.25, 0.5, 0.75, 1].map((part) => orderColour(theme, part)).join(', ')})`;
    const [from, to] = map.times;
    return [
      element('h2', {}, t('map.by.time')),
      element(
        'p',
        { class: 'times', dir: 'ltr' },
        ramp,
        element('bdi', {}, timeText(from)),
        element('bdi', {}, timeText(to)),
      ),
      element('p', { class: 'quiet' }, t('claimed.means')),
    ];
  }
  const legends = colouring === 'tag' ? map.tags : colouring === 'author' ? map.authors : map.models;
  const shown = legends.slice(0, CLASSES);
  const rest = map.points - shown.reduce((sum, { points }) => sum + points, 0);
  const nameOfLegend = (name: string): string =>
    colouring === 'author' ? shortDid(name) : colouring === 'model' ? (names.get(name) ?? name) : name;
  const entry = (code: number, name: string, points: number): HTMLElement => {
    const dot = element('span', { class: 'dot', 'aria-hidden': 'true' });
    dot.style.background = `rgb(${rgbOf(classColour(theme, code)).join(' ')})`;
    const made = element(
      'button',
      { type: 'button', class: 'plain', 'aria-pressed': String(alone === code) },
      dot,
      element('bdi', {}, name),
      element('span', { class: 'quiet' }, numberText(points)),
    );
    made.addEventListener('click', () => press(code));
    return element('li', {}, made);
  };
  return [
    element('h2', {}, t(`map.by.${colouring}`)),
    element(
      'ul',
      {},
      ...shown.map(({ name, points }, i) => entry(i + 1, nameOfLegend(name), points)),
      ...(rest > 0 ? [entry(0, t('map.other'), rest)] : []),
    ),
  ];
}

function selectOf(
  label: string,
  choices: readonly (readonly [value: string, text: string])[],
  chosen: string,
  changed: (value: string) => void,
): HTMLElement {
  const select = element(
    'select',
    {},
    ...choices.map(([value, text]) =>
      element('option', { value, ...(value === chosen ? { selected: '' } : {}) }, text),
    ),
  );
  select.addEventListener('change', () => changed(select.value));
  return element('label', {}, element('span', {}, label), select);
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener(
      'abort',
      () => {
        clearTimeout(timer);
        resolve();
      },
      { once: true },
    );
  });
}
