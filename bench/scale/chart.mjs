/** Small charts as SVG text: colours come from the page's CSS variables, so that they read in light and dark. */
const WIDTH = 460;
const HEIGHT = 250;
const LEFT = 58;
const RIGHT = 14;
const TOP = 14;
const BOTTOM = 34;
const INNER = { width: WIDTH - LEFT - RIGHT, height: HEIGHT - TOP - BOTTOM };

export const escape = (text) => String(text).replace(/[&<>"]/g, (c) => `&#${c.charCodeAt(0)};`);

/** 12 → 12, 1500 → 1.5k, 2000000 → 2M. */
export function short(value) {
  if (value === 0) return '0';
  if (Math.abs(value) >= 1e6) return `${Number((value / 1e6).toPrecision(3))}M`;
  if (Math.abs(value) >= 1e3) return `${Number((value / 1e3).toPrecision(3))}k`;
  return String(Number(value.toPrecision(3)));
}

function niceStep(span, count) {
  const raw = span / count;
  const power = 10 ** Math.floor(Math.log10(raw));
  return [1, 2, 2.5, 5, 10].map((factor) => factor * power).find((step) => step >= raw);
}

/** A scale: `at(value)` in 0…1 and its ticks. */
function scaleOf(values, { log = false, from, to }) {
  let low = from ?? Math.min(...values);
  let high = to ?? Math.max(...values);
  if (log) {
    low = 10 ** Math.floor(Math.log10(low) + 1e-9);
    high = 10 ** Math.ceil(Math.log10(high) - 1e-9);
    if (high === low) high = low * 10;
    const decades = Math.round(Math.log10(high / low));
    return {
      at: (value) => Math.log10(value / low) / Math.log10(high / low),
      ticks: Array.from({ length: decades + 1 }, (_, i) => low * 10 ** i),
    };
  }
  if (from === undefined) low = Math.min(0, low);
  if (high === low) high = low + 1;
  const step = niceStep(high - low, 5);
  if (to === undefined) high = Math.ceil(high / step - 1e-9) * step;
  const ticks = [];
  for (let tick = Math.ceil(low / step - 1e-9) * step; tick <= high + step * 1e-6; tick += step) ticks.push(tick);
  return { at: (value) => (value - low) / (high - low), ticks };
}

const xOf = (share) => LEFT + share * INNER.width;
const yOf = (share) => TOP + (1 - share) * INNER.height;
const px = (value) => value.toFixed(1);

function frame(x, y, { xTitle, yTitle }) {
  const lines = y.ticks.map(
    (tick) =>
      `<line class="grid" x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${px(yOf(y.at(tick)))}" y2="${px(yOf(y.at(tick)))}"/>` +
      `<text class="tick" text-anchor="end" x="${LEFT - 6}" y="${px(yOf(y.at(tick)) + 3.5)}">${short(tick)}</text>`,
  );
  const marks = x.ticks.map(
    (tick) =>
      `<text class="tick" text-anchor="middle" x="${px(xOf(x.at(tick)))}" y="${HEIGHT - BOTTOM + 14}">${short(tick)}</text>`,
  );
  return (
    lines.join('') +
    marks.join('') +
    `<text class="axis" text-anchor="end" x="${WIDTH - RIGHT}" y="${HEIGHT - 5}">${escape(xTitle)}</text>` +
    `<text class="axis" text-anchor="middle" transform="translate(11 ${TOP + INNER.height / 2}) rotate(-90)">${escape(yTitle)}</text>`
  );
}

const legendOf = (names) =>
  `<p class="legend">${names
    .map(
      ({ name, colour, dashed }) =>
        `<span><i class="${dashed ? 'dashed' : ''}" style="--c:var(--s${colour})"></i>${escape(name)}</span>`,
    )
    .join('')}</p>`;

const figure = (title, inner, legend, note) =>
  `<figure><figcaption>${escape(title)}</figcaption><svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${escape(title)}">${inner}</svg>${legend}${note ? `<p class="note">${escape(note)}</p>` : ''}</figure>`;

/**
 * Lines over numbers. `series`: `{name, points: [[x, y]], colour 1…6, dashed?, dots?}`; `goals`: `{y, from?, to?, name}`, drawn as dashed levels.
 */
export function lineChart({ title, series, goals = [], xTitle, yTitle, logX = false, logY = false, fromY, toY, note }) {
  const drawn = series.filter((one) => one.points.length > 0);
  if (drawn.length === 0) return '';
  const all = drawn.flatMap((one) => one.points);
  const x = scaleOf(
    all.map(([value]) => value),
    { log: logX },
  );
  const y = scaleOf([...all.map(([, value]) => value), ...goals.map((goal) => goal.y)], {
    log: logY,
    from: fromY,
    to: toY,
  });
  const levels = goals.map((goal) => {
    const level = px(yOf(y.at(goal.y)));
    return `<line class="goal" x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${level}" y2="${level}"/><text class="goalname" text-anchor="end" x="${WIDTH - RIGHT - 2}" y="${(Number(level) - 3).toFixed(1)}">${escape(goal.name)}</text>`;
  });
  const lines = drawn.map(({ points, colour, dashed, dots = true, name }) => {
    const places = points.map(([a, b]) => [px(xOf(x.at(a))), px(yOf(y.at(b)))]);
    const path = places.map(([a, b], i) => `${i === 0 ? 'M' : 'L'}${a} ${b}`).join('');
    const marks = dots
      ? places
          .map(
            ([a, b], i) =>
              `<circle class="dot" style="--c:var(--s${colour})" cx="${a}" cy="${b}" r="3.2"><title>${escape(`${name}: ${short(points[i][1])} at ${short(points[i][0])}`)}</title></circle>`,
          )
          .join('')
      : '';
    return `<path class="line${dashed ? ' dashed' : ''}" style="--c:var(--s${colour})" d="${path}"/>${marks}`;
  });
  return figure(title, frame(x, y, { xTitle, yTitle }) + levels.join('') + lines.join(''), legendOf(drawn), note);
}

/** Stacked columns: `columns` `{name, parts: [value …]}`, `parts` their names. */
export function stackedChart({ title, columns, parts, yTitle, xTitle, goals = [], note }) {
  if (columns.length === 0) return '';
  const sums = columns.map((column) => column.parts.reduce((sum, part) => sum + part, 0));
  const y = scaleOf([...sums, ...goals.map((goal) => goal.y)], {});
  const room = INNER.width / columns.length;
  const width = Math.min(70, room * 0.6);
  const bars = columns.map((column, i) => {
    const left = LEFT + room * (i + 0.5) - width / 2;
    let sum = 0;
    const boxes = column.parts.map((value, part) => {
      const bottom = yOf(y.at(sum));
      sum += value;
      const top = yOf(y.at(sum));
      return `<rect class="bar" style="--c:var(--s${part + 1})" x="${px(left)}" y="${px(top)}" width="${px(width)}" height="${px(Math.max(0, bottom - top))}"><title>${escape(`${parts[part]}: ${short(value)}`)}</title></rect>`;
    });
    return `${boxes.join('')}<text class="tick" text-anchor="middle" x="${px(left + width / 2)}" y="${px(yOf(y.at(sum)) - 4)}">${Math.round(sum)}</text><text class="tick" text-anchor="middle" x="${px(left + width / 2)}" y="${HEIGHT - BOTTOM + 14}">${escape(column.name)}</text>`;
  });
  const levels = goals.map((goal) => {
    const level = px(yOf(y.at(goal.y)));
    return `<line class="goal" x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${level}" y2="${level}"/><text class="goalname" x="${LEFT + 3}" y="${(Number(level) - 3).toFixed(1)}">${escape(goal.name)}</text>`;
  });
  const legend = legendOf(parts.map((name, i) => ({ name, colour: i + 1 })));
  return figure(
    title,
    frame({ at: () => 0, ticks: [] }, y, { xTitle, yTitle }) + bars.join('') + levels.join(''),
    legend,
    note,
  );
}

/** A table; cells that are numbers stand to the right. */
export function table(head, rows) {
  const cell = (value) =>
    typeof value === 'number'
      ? `<td class="number">${value.toLocaleString('en', { maximumFractionDigits: 4 })}</td>`
      : `<td>${escape(value ?? '–')}</td>`;
  return `<div class="wide"><table><thead><tr>${head.map((one) => `<th>${escape(one)}</th>`).join('')}</tr></thead><tbody>${rows
    .map((row) => `<tr>${row.map(cell).join('')}</tr>`)
    .join('')}</tbody></table></div>`;
}
