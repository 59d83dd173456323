import { CosmicError, codes } from '@cosmicembeddings/sdk';
import { isKey, t } from '../words/index.js';

/** A fault in the words of the page; what has none keeps the words of its code, and the code itself. */
export function explain(error: unknown): string {
  if (!(error instanceof CosmicError)) return String((error as Error).message);
  const { code } = error;
  const detail = error.detail || codes[code].meaning;
  const key = `error.${code}`;
  return isKey(key) ? t(key, { detail }) : t('error.other', { detail, code });
}
