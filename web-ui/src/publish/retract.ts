import type { Memory } from '@cosmicembeddings/sdk/agent';
import { element } from '../parts/element.js';
import { explain } from '../parts/explain.js';
import { t } from '../words/index.js';

/** A button that takes a document of one's own back, and says how that went. */
export function retractButton(id: string, memory: () => Promise<Memory>): HTMLElement {
  const button = element(
    'button',
    { type: 'button', class: 'plain', title: t('publish.retractMeans') },
    t('publish.retract'),
  );
  const said = element('span', { role: 'status' });
  button.addEventListener('click', () => {
    button.disabled = true;
    void (async () => {
      try {
        await (await memory()).forget(id);
        button.remove();
        said.textContent = t('publish.retracted');
      } catch (error) {
        button.disabled = false;
        said.textContent = explain(error);
      }
    })();
  });
  return element('span', {}, button, ' ', said);
}
