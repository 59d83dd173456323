import { en } from './en.js';
import type { Key, Text, Words } from './words.js';

export type { Key };
export type Values = Readonly<Record<string, string | number>>;

export const languages = { en: 'English', es: 'Español', ar: 'العربية' } as const;
export type Language = keyof typeof languages;

const load: Readonly<Record<Language, () => Promise<Words>>> = {
  en: () => Promise.resolve(en),
  es: async () => (await import('./es.js')).es,
  ar: async () => (await import('./ar.js')).ar,
};
const rightToLeft: readonly Language[] = ['ar'];

let words: Words = en;
let language: Language = 'en';
let plurals = new Intl.PluralRules('en');
let numbers = new Intl.NumberFormat('en');

/** The language that was chosen, else the first of the reader's that is there. */
export function languageOf(chosen: string | null, wanted: readonly string[]): Language {
  const known = [chosen ?? '', ...wanted].map((one) => one.toLowerCase().split('-')[0]!);
  return (known.find((one) => Object.hasOwn(languages, one)) ?? 'en') as Language;
}

export async function speak(next: Language): Promise<void> {
  words = await load[next]();
  language = next;
  plurals = new Intl.PluralRules(next);
  numbers = new Intl.NumberFormat(next);
}

export function spoken(): { readonly language: Language; readonly dir: 'ltr' | 'rtl' } {
  return { language, dir: rightToLeft.includes(language) ? 'rtl' : 'ltr' };
}

/** Where its places are, numbers in the reader's digits; `n` chooses the plural. */
export function t(key: Key, values: Values = {}): string {
  return formOf(key, values['n']).replace(/\{(\w+)\}/g, (whole, name: string) => valueText(values[name]) ?? whole);
}

/** The same with nodes in its places. */
export function nodesOf<T extends object>(
  key: Key,
  values: Readonly<Record<string, T | string | number>>,
): (T | string)[] {
  return formOf(key, values['n'])
    .split(/(\{\w+\})/)
    .filter((part) => part !== '')
    .map((part) => {
      const value = values[/^\{(\w+)\}$/.exec(part)?.[1] ?? ''];
      return typeof value === 'object' ? value : (valueText(value) ?? part);
    });
}

function formOf(key: Key, n: unknown): string {
  const text: Text = words[key];
  if (typeof text === 'string') return text;
  return (typeof n === 'number' ? text[plurals.select(n)] : undefined) ?? text.other;
}

function valueText(value: string | number | undefined): string | undefined {
  return typeof value === 'number' ? numbers.format(value) : value;
}

export function isKey(name: string): name is Key {
  return Object.hasOwn(en, name);
}

export function numberText(value: number, digits?: number): string {
  if (digits === undefined) return numbers.format(value);
  return value.toLocaleString(language, { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

/** A moment by its claim or by the node's clock: always with its zone. */
export function timeText(timeMs: number): string {
  const time = new Intl.DateTimeFormat(language, { dateStyle: 'medium', timeStyle: 'short', timeZone: 'UTC' });
  return t('time.utc', { time: time.format(timeMs) });
}

/** An hour of the reader's own day. */
export function clockText(timeMs: number): string {
  return new Intl.DateTimeFormat(language, { timeStyle: 'medium' }).format(timeMs);
}

/** A language by its tag, in the reader's own. */
export function languageName(tag: string): string {
  try {
    return new Intl.DisplayNames(language, { type: 'language', fallback: 'code' }).of(tag) ?? tag;
  } catch {
    return tag;
  }
}

const UNITS = ['byte', 'kilobyte', 'megabyte', 'gigabyte', 'terabyte'] as const;

export function bytesText(bytes: number): string {
  const power = Math.min(UNITS.length - 1, Math.floor(Math.log10(Math.max(1, bytes)) / 3));
  const unit = new Intl.NumberFormat(language, {
    style: 'unit',
    unit: UNITS[power]!,
    // The short form of bytes is “0 byte”.
    unitDisplay: power === 0 ? 'long' : 'short',
    maximumFractionDigits: power === 0 ? 0 : 1,
  });
  return unit.format(bytes / 1000 ** power);
}
