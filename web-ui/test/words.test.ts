import { expect, test } from '@jest/globals';
import { ar } from '../src/words/ar.ts';
import { en } from '../src/words/en.ts';
import { es } from '../src/words/es.ts';

type Form = string | Readonly<Record<string, string>>;
const tables: Readonly<Record<string, Readonly<Record<string, Form>>>> = { en, es, ar };

const placesOf = (text: string): string[] => [...new Set(text.match(/\{\w+\}/g) ?? [])].sort();
const formsOf = (text: Form): string[] => (typeof text === 'string' ? [text] : Object.values(text));

test.each(Object.keys(tables))('%s has every text, with the places of the English one', (language) => {
  const table = tables[language]!;
  expect(Object.keys(table).sort()).toEqual(Object.keys(en).sort());
  for (const [key, text] of Object.entries(table)) {
    const wanted = new Set(formsOf((en as Readonly<Record<string, Form>>)[key]!).flatMap(placesOf));
    for (const form of formsOf(text)) {
      expect(form.trim()).not.toBe('');
      // A form for one or two may say the number in words.
      for (const place of placesOf(form)) expect([key, [...wanted]]).toEqual([key, expect.arrayContaining([place])]);
    }
    const other = typeof text === 'string' ? text : text['other']!;
    expect([key, placesOf(other)]).toEqual([key, [...wanted].sort()]);
  }
});

test.each(Object.keys(tables))('%s has a form for every number', (language) => {
  const { pluralCategories } = new Intl.PluralRules(language).resolvedOptions();
  for (const [key, text] of Object.entries(tables[language]!))
    if (typeof text !== 'string') expect([key, Object.keys(text).sort()]).toEqual([key, [...pluralCategories].sort()]);
});

test('no text says that something is true', () => {
  for (const text of Object.values(en).flatMap(formsOf))
    expect(text.replace('does not mean that what they say is true', '')).not.toMatch(/\btrue\b|(?<!not )\bverified\b/i);
});
