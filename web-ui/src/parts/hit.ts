import type { Hit } from '@cosmicembeddings/sdk';
import type { HitVerification } from '@cosmicembeddings/sdk/api';
import { nodesOf, numberText, t } from '../words/index.js';
import { claimedTime } from './block-card.js';
import { element } from './element.js';
import { authorLink, blockLink, tagLink } from './chips.js';
import { addressOf, type Query } from './query.js';
import { prose } from './prose.js';
import { hrefOf } from './route.js';
import { verdictList } from './verdicts.js';

/** One hit before it is verified; `settle` puts in what was found. */
export interface HitCard {
  readonly node: HTMLElement;
  settle(found: HitVerification): void;
}

export function hitCard(hit: Hit, query: Query): HitCard {
  const where = [hit.origin, hit.heading].filter((part) => part !== undefined && part !== '').join(' › ');
  const mark = element('p', { class: 'mark' }, t('hit.checking'));
  const { strength, duplicates = 0 } = hit;
  const node = element(
    'article',
    { class: 'hit', 'data-id': hit.id },
    element(
      'h2',
      { dir: 'auto' },
      element(
        'a',
        { href: hrefOf('block', hit.id, hit.row === 0 ? '' : `?row=${hit.row}`) },
        where === '' ? t('hit.noSource') : where,
      ),
    ),
    hit.passage === undefined
      ? element('p', { class: 'quiet' }, t('hit.noText'))
      : element('blockquote', { dir: 'auto' }, ...prose(hit.passage, hit.excerpt?.marks)),
    element(
      'p',
      { class: 'facts quiet' },
      strength === undefined
        ? undefined
        : element(
            'span',
            { class: `strength ${strength}`, title: t(`strength.${strength}Means`) },
            t(`strength.${strength}`),
          ),
      // Where nobody can judge, a score is an order and says nothing; the cosine stands in the badge.
      strength === 'unknown'
        ? undefined
        : element(
            'span',
            { class: 'score', title: t('hit.scoreMeans') },
            t('hit.score', { n: numberText(hit.score, 3) }),
          ),
      claimedTime(hit.timeMs),
      ...hit.tags.map((tag) => tagLink(tag, query)),
      duplicates > 0 ? element('span', {}, t('hit.folded', { n: duplicates })) : undefined,
      blockLink(hit.id, hit.row),
      element(
        'a',
        {
          class: 'like',
          href: addressOf({ ...query, words: '', like: hit.row === 0 ? hit.id : `${hit.id}.${hit.row}` }),
        },
        t('hit.like'),
      ),
    ),
    verdictList(hit.verdicts ?? []),
    mark,
  );
  return {
    node,
    settle: (found) => {
      mark.replaceChildren(...badge(hit, found));
      mark.className = `mark ${sound(found) ? 'good' : 'bad'}`;
    },
  };
}

function sound(found: HitVerification): boolean {
  return found.signed && found.cosine !== false && found.passage !== false;
}

/** What was verified, never that it is true. */
function badge(hit: Hit, found: HitVerification): (Node | string)[] {
  if (!found.signed) return [t('hit.notVerified', { why: found.detail ?? '' })];
  const signed = nodesOf(sound(found) ? 'hit.signed' : 'hit.signedBut', { author: authorLink(hit.author) });
  const rest = [
    hit.id.startsWith('bafkrei') ? t('hit.noSky') : t('hit.sky'),
    ...(found.cosine === undefined
      ? []
      : [found.cosine ? t('hit.cosine', { n: numberText(hit.cosine!, 3) }) : t('hit.cosineWrong')]),
    ...(found.passage === false ? [t('hit.passageWrong')] : []),
  ];
  return [...signed, ...rest.map((text) => ` · ${text}`)];
}
