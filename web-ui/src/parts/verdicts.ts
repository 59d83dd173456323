import type { Verdict } from '@cosmicembeddings/sdk';
import { element } from './element.js';

/** What views of the node say of a block: the node's word, so it never looks like a check made here. */
export function verdictList(verdicts: readonly Verdict[]): HTMLElement | undefined {
  if (verdicts.length === 0) return undefined;
  return element(
    'ul',
    { class: 'verdicts', 'aria-label': 'what this node’s views say of the block' },
    ...verdicts.map(({ view, says, why, local }) =>
      element(
        'li',
        { title: `${view}${local === true ? ', as this node has seen it' : ''}` },
        element('span', { class: 'quiet' }, 'this node: '),
        element('b', {}, says),
        ` ${why}${local === true ? ' (as this node has seen it)' : ''}`,
      ),
    ),
  );
}
