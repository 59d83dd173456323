import type { Verdict } from '@cosmicembeddings/sdk';
import { nodesOf, t } from '../words/index.js';
import { element } from './element.js';

/** What views of the node say of a block: the node's word, so it never looks like a check made here. */
export function verdictList(verdicts: readonly Verdict[]): HTMLElement | undefined {
  if (verdicts.length === 0) return undefined;
  return element(
    'ul',
    { class: 'verdicts', 'aria-label': t('verdicts.label') },
    ...verdicts.map(({ view, says, why, local }) =>
      element(
        'li',
        { title: view },
        ...nodesOf('verdicts.says', { says: element('b', {}, says) }),
        // Most reasons begin with the word itself.
        ` ${why.startsWith(`${says} `) ? why.slice(says.length + 1) : why}${local === true ? ` ${t('verdicts.local')}` : ''}`,
      ),
    ),
  );
}
