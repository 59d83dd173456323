import { portableChecks, type Checks, type Inspection } from '@cosmicembeddings/sdk';
import { t, isKey } from '../words/index.js';
import { element } from './element.js';

let checks: Checks | undefined;

/** The same checks for all pages: the sky keeps what it has computed. */
export function checksOf(network: string): Checks {
  if (checks?.network !== network) checks = portableChecks(network);
  return checks;
}

/** What was checked here, one line above, each check below. Open where one differs. */
export function checkDetails(verdict: Inspection, id: string): HTMLElement {
  const line = (state: 'good' | 'bad' | 'note', text: string): HTMLElement =>
    element('li', { class: `mark ${state}` }, `${{ good: '●', bad: '✕', note: '–' }[state]} ${text}`);
  const same = verdict.id === id;
  const lines = [
    ...(verdict.valid
      ? [line(same ? 'good' : 'bad', same ? t('block.ofId') : t('block.otherId', { id: verdict.id ?? '' }))]
      : []),
    ...verdict.checks.map(({ note, name, ok, code, detail }) => {
      const key = `check.${name}`;
      const means = isKey(key) ? t(key) : name;
      if (note === true) return line('note', `${means}: ${detail ?? ''}`);
      return line(ok ? 'good' : 'bad', ok ? means : `${means}: ${code ?? ''} ${detail ?? ''}`);
    }),
  ];
  const good = lines.filter(({ className }) => className === 'mark good').length;
  const bad = lines.some(({ className }) => className === 'mark bad');
  const judged = lines.filter(({ className }) => className !== 'mark note').length;
  return element(
    'details',
    { class: 'checks', ...(bad ? { open: '' } : {}) },
    element(
      'summary',
      { class: `mark ${bad ? 'bad' : 'good'}` },
      `${bad ? '✕' : '●'} ${t('block.checked', { good, n: judged })}`,
    ),
    element('ul', {}, ...lines),
    element('p', { class: 'quiet' }, element('b', {}, t('block.opened')), ` ${t('block.openedText')}`),
  );
}
