/** Draws `results/{split,translate,lies,canaries}.jsonl`, the newest lines of each figure, as one page: `node bench/across/plot.mjs`. */
import { writeFileSync } from 'node:fs';
import { newestLines } from '../record.mjs';

const splits = newestLines(
  import.meta.url,
  'split',
  ({ collection, split, background = '' }) => `${collection}|${split}|${background}`,
);
const lies = newestLines(import.meta.url, 'lies', ({ what }) => what);
const canaries = newestLines(import.meta.url, 'canaries', ({ canaries, from }) => `${canaries} ${from}`);
const translations = newestLines(
  import.meta.url,
  'translate',
  ({ queries, anchors, seed = 0 }) => `${queries}|${anchors}|${seed}`,
);
const escape = (text) => String(text).replace(/[&<>"]/g, (c) => `&#${c.charCodeAt(0)};`);
const percent = (x) => `${(100 * x).toFixed(1)} %`;
const COLOURS = { common: '#2f6f9f', own: '#c98b3c', model: '#7a7a7a', translated: '#2f6f9f', procrustes: '#c98b3c' };
/** nDCG@10 on Cranfield that is aimed at, by anchors of the domain. */
const GOALS = { 100: 0.26, 500: 0.44, 1400: 0.49 };

/** Bars from `from` on, a line at `goal`. */
function bars(rows, what, from, to, goal, goalText) {
  const [left, width, height] = [250, 380, 20];
  const x = (value) => left + (width * (Math.max(value, from) - from)) / (to - from);
  const body = rows.map((row, i) => {
    const y = 24 + i * height;
    return `<text x="${left - 8}" y="${y + 13}" text-anchor="end">${escape(row.label)}</text>
<rect x="${left}" y="${y}" width="${(x(row[what]) - left).toFixed(1)}" height="${height - 5}" fill="${COLOURS[row.kind]}"/>
<text x="${x(row[what]) + 5}" y="${y + 13}">${row[what].toFixed(4)}${row.share === undefined ? '' : ` · ${percent(row.share[what])}`}</text>`;
  });
  const end = 24 + rows.length * height;
  return `<svg viewBox="0 0 760 ${end + 10}" role="img">${body.join('')}
<line x1="${x(goal)}" x2="${x(goal)}" y1="18" y2="${end}" stroke="#a33" stroke-dasharray="4 3"/><text x="${x(goal)}" y="13" text-anchor="middle" fill="#a33">${escape(goalText)}</text></svg>`;
}

const sections = [...new Set(splits.map(({ collection }) => collection))].flatMap((collection) => {
  const of = splits.filter((one) => one.collection === collection);
  const single = of.filter(({ ofMean }) => ofMean === undefined);
  const rows = of.map((one) => ({
    label: one.ofMean === undefined ? one.split : `${one.split}, ${one.background}`,
    kind: one.ofMean === undefined ? 'model' : one.background,
    vectors: one.vectors,
    hybrid: one.hybrid,
    ...(one.ofMean === undefined ? {} : { share: { vectors: one.ofMean, hybrid: one.hybridOfMean } }),
  }));
  const mean = (what) => single.reduce((sum, one) => sum + one[what], 0) / single.length;
  return [
    `<h2>${escape(collection)}: vectors alone</h2>`,
    bars(rows, 'vectors', 0.3, 0.6, 0.98 * mean('vectors'), '98 % of the mean of both models'),
    `<h2>${escape(collection)}: with words</h2>`,
    bars(rows, 'hybrid', 0.3, 0.65, 0.98 * mean('hybrid'), '98 % of the mean of both models with words'),
  ];
});

const average = (list) => list.reduce((sum, x) => sum + x, 0) / list.length;

/** Since then translators are fitted as they are now (decision 0022, *Damping*); what was measured before is of other ones. */
const FITTED_SINCE = '2026-11-29T09:30';
const current = translations.filter(({ at = '' }) => at >= FITTED_SINCE);

/** Means over the draws. Some lines have no figures of abstention: they were measured under another threshold line. */
const translated = [...new Set(current.map(({ queries, anchors }) => `${queries}|${anchors}`))].map((key) => {
  const draws = current.filter(({ queries, anchors }) => `${queries}|${anchors}` === key);
  const mean = (what) => {
    const known = draws.map((one) => one[what]).filter((x) => typeof x === 'number');
    return known.length === 0 ? undefined : average(known);
  };
  const { queries, anchors } = draws[0];
  const figures = ['ndcg', 'own', 'procrustes', 'answered', 'answeredKept'].map((what) => [what, mean(what)]);
  return { queries, anchors, draws: draws.length, ...Object.fromEntries(figures) };
});
const countOf = ({ anchors }) => parseInt(anchors, 10) + (anchors.endsWith('of the domain') ? 0 : 1e6);
translated.sort((a, b) => a.queries.localeCompare(b.queries) || countOf(a) - countOf(b));

const bridges = [...new Set(translated.map(({ queries }) => queries))].flatMap((queries) => {
  const of = translated.filter((one) => one.queries === queries);
  const own = average(of.map((one) => one.own));
  const rows = of.flatMap(({ anchors, ndcg, procrustes }) => [
    { label: `${anchors}`, kind: 'translated', ndcg },
    ...(procrustes === undefined ? [] : [{ label: 'plain Procrustes', kind: 'procrustes', ndcg: procrustes }]),
  ]);
  return [
    `<h2>${escape(queries)}: questions translated MiniLM → e5</h2>`,
    bars(rows, 'ndcg', 0, 0.6, own, 'embedded anew'),
  ];
});
const abstention = `<table><tr><th>translated</th><th>draws</th><th>nDCG@10</th><th>goal</th><th>answered unasked</th><th>of these kept</th></tr>${translated
  .map(
    ({ queries, anchors, draws, ndcg, answered, answeredKept }) =>
      `<tr><td>${escape(queries)}, ${escape(anchors)}</td><td>${draws}</td><td>${ndcg.toFixed(3)}</td><td>${(queries === 'cranfield' && anchors.endsWith('of the domain') && GOALS[parseInt(anchors, 10)]) || ''}</td><td>${answered === undefined ? '' : percent(answered)}</td><td>${answeredKept === undefined ? '' : percent(answeredKept)}</td></tr>`,
  )
  .join('')}</table>`;
const canaryTable = `<table><tr><th>canaries</th><th>lies found</th><th>of</th><th>honest doubted</th><th>of</th></tr>${canaries
  .map(
    ({ canaries: n, from, found, lies: tries, doubted, honest }) =>
      `<tr><td>${n} ${escape(from)}</td><td>${found}</td><td>${tries}</td><td>${doubted}</td><td>${honest}</td></tr>`,
  )
  .join('')}</table>`;

const table = `<table><tr><th>200 rows of real vectors</th><th>called doubtful</th><th>of</th><th>unknown</th></tr>${lies
  .map(
    ({ what, found, tries, unknown }) =>
      `<tr><td>${escape(what)}</td><td>${found} (${percent(found / tries)})</td><td>${tries}</td><td>${unknown}</td></tr>`,
  )
  .join('')}</table>`;

const last = [...splits, ...lies, ...canaries, ...translations]
  .sort((a, b) => (a.at ?? '').localeCompare(b.at ?? ''))
  .at(-1);
writeFileSync(
  new URL('results/page.html', import.meta.url),
  `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>Across models</title>
<style>body{font:15px/1.5 system-ui,sans-serif;max-width:50rem;margin:2rem auto;padding:0 1rem;color:#222;background:#fff}svg{width:100%;font:12px system-ui,sans-serif}td,th{padding:.15rem .8rem .15rem 0;text-align:left;border-bottom:1px solid #ddd}h2{margin-top:2rem;font-size:1.1rem}i{display:inline-block;width:.8em;height:.8em;margin:0 .3em 0 1em}</style>
<h1>Across models</h1>
<p>Blocks of two real models (all-MiniLM-L6-v2, multilingual-e5-small) in one ledger, split between them five ways; nDCG@10 by the collections’ labels, through the node’s own store, indexes and search. The share is that of the mean of
each model over everything. <i style="background:${COLOURS.model}"></i>one model <i style="background:${COLOURS.common}"></i>common background <i style="background:${COLOURS.own}"></i>own rows</p>
${sections.join('\n')}
<p>Below, questions of one model translated into the other’s space by the product’s own fit. <i style="background:${COLOURS.translated}"></i>chosen by cross-validation <i style="background:${COLOURS.procrustes}"></i>plain Procrustes on the same anchors</p>
${bridges.join('\n')}
<h2>Abstention</h2>${abstention}
<h2>Spaces that lie</h2>${table}
<h2>Whole spaces of another model, by canaries</h2>${canaryTable}
<p><small>${escape(last?.machine ?? '')}, ${escape(last?.node ?? '')}, commit ${escape(last?.commit ?? '')}. <code>node bench/across/split.mjs</code>, <code>translate.mjs</code>, <code>lies.mjs</code>, <code>canaries.mjs</code>, <code>plot.mjs</code>.</small></p></html>\n`,
);
