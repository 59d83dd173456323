import type { Hit } from '@cosmicembeddings/sdk';
import type { HitVerification } from '@cosmicembeddings/sdk/api';
import { tierMeaning } from '@cosmicembeddings/sdk/sky';
import { element, timeText } from './element.js';
import { authorLink, tagLink } from './chips.js';
import { addressOf, type Query } from './query.js';
import { prose } from './prose.js';
import { verdictList } from './verdicts.js';

/** One hit before it is verified; `settle` puts in the mark and the sky. */
export interface HitCard {
  readonly node: HTMLElement;
  settle(mark: HitVerification, chart: SVGElement | undefined): void;
}

export function hitCard(hit: Hit, query: Query): HitCard {
  const where = [hit.origin, hit.heading].filter((part) => part !== undefined && part !== '').join(' › ');
  const mark = element('p', { class: 'mark' }, 'verifying in this browser …');
  const sky = element('div', { class: 'sky quiet' });
  const node = element(
    'article',
    { class: 'hit', 'data-id': hit.id },
    element(
      'div',
      {},
      element('h2', {}, where === '' ? 'no source named' : where),
      hit.passage === undefined
        ? element('p', { class: 'quiet' }, 'The author did not publish the text.')
        : element('blockquote', {}, ...prose(hit.passage, hit.excerpt?.marks)),
      element(
        'p',
        { class: 'facts quiet' },
        element(
          'span',
          { class: 'score', title: 'this node’s own opinion, comparable within this answer only' },
          `score ${hit.score.toFixed(3)}`,
        ),
        ...(hit.strength === undefined || hit.strength === 'unknown'
          ? []
          : [
              element(
                'span',
                { class: `strength ${hit.strength}`, title: strengthMeaning[hit.strength] },
                hit.strength,
              ),
            ]),
        element(
          'span',
          {},
          `${timeText(hit.timeMs)} `,
          element('span', { class: 'tier', title: tierMeaning.claimed }, 'claimed'),
        ),
        ...hit.tags.map((tag) => tagLink(tag, query)),
        element('a', { class: 'id', href: `#block=${hit.id}` }, `${hit.id.slice(0, 12)}…${hit.id.slice(-6)}`),
        element('a', { class: 'like', href: addressOf({ ...query, words: '', like: hit.id }) }, 'more like this'),
      ),
      verdictList(hit.verdicts ?? []),
      mark,
    ),
    sky,
  );
  return {
    node,
    settle: (found, chart) => {
      mark.replaceChildren(...badge(hit, found, query));
      mark.className = `mark ${sound(found) ? 'good' : 'bad'}`;
      if (chart !== undefined) sky.append(chart);
      // The chart bears the label; without one (version 1) the label stands alone.
      else if (hit.skyLabel !== undefined) sky.append(hit.skyLabel);
    },
  };
}

const strengthMeaning = {
  strong: 'as near as what people call relevant usually is',
  fair: 'nearer than what a question about something else finds',
  weak: 'no nearer than what a question about something else finds',
} as const;

function sound(found: HitVerification): boolean {
  return found.signed && found.cosine !== false && found.passage !== false;
}

/** What was verified, never that it is true. */
function badge(hit: Hit, found: HitVerification, query: Query): (Node | string)[] {
  if (!found.signed) return [`✗ not verified: ${found.detail ?? ''}`];
  const author = authorLink(hit.author, { ...query, words: '', like: undefined });
  const rest = [
    hit.id.startsWith('bafkrei') ? ' · version 1, sky not judged' : ' · sky consistent',
    found.cosine === undefined
      ? ''
      : found.cosine
        ? ` · cosine ${hit.cosine!.toFixed(3)} recomputed here`
        : ' · ✗ the node’s cosine is wrong',
    found.passage === false ? ' · ✗ the passage shown is not the signed one' : '',
  ].join('');
  return [sound(found) ? '✓ signed by ' : '✗ signed by ', author, rest];
}
