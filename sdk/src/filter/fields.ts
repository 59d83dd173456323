import { limits } from '../limits.js';
import { language, links, moment, texts, where, yesOrNo, type Field, type Form } from './field.js';
import { readWhere } from '../metadata/index.js';
import type { Test } from './test.js';

/** Alternatives of one field: any of them will do. */
const ANY_MAX = 1000;
/** Conditions that must all hold. A block has no more tags than that, and each costs a look-up. */
const ALL_MAX = limits.tagsMax;

function field<T>(name: string, says: string, form: Form<T>, tests: (value: T) => readonly Test[]): Field<T> {
  return { ...form, name, says, tests };
}

/**
 * All that can be asked of a block in a filter, in one place: from it come the type, the schema of bodies and query strings,
 * the flags of the command, and the tests that matchers and SQL answer. A new field is a line here.
 */
export const filterFields = {
  spaces: field('space', 'only vectors of this space', texts(ANY_MAX), (values) => [
    { test: 'among', fact: 'space', values },
  ]),
  authors: field('author', 'only of this author', texts(ANY_MAX), (values) => [
    { test: 'among', fact: 'author', values },
  ]),
  kinds: field('kind', 'only of this kind', texts(ANY_MAX), (values) => [{ test: 'among', fact: 'kind', values }]),
  tagsAll: field('tag', 'only with this tag; of several with each', texts(ALL_MAX), (tags) =>
    tags.map((tag) => ({ test: 'tagged', values: [tag] })),
  ),
  tagsAny: field('any-tag', 'only with one of these tags', texts(ANY_MAX), (values) => [{ test: 'tagged', values }]),
  links: field('link', 'only what links or refers to this block: ID, or REL:ID', links(ALL_MAX), (list) =>
    list.map((link) => ({ test: 'linked', ...link })),
  ),
  language: field('language', 'only with a text of this language; en also takes en-GB', language, (range) => [
    { test: 'language', range },
  ]),
  fromMs: field('from', 'claimed time from, inclusive', moment, (timeMs) => [{ test: 'from', timeMs }]),
  toMs: field('to', 'claimed time to, exclusive', moment, (timeMs) => [{ test: 'before', timeMs }]),
  where: field('where', 'only rows whose metadata passes, as JSON (specs/kinds/metadata.md)', where, (value) => [
    { test: 'where', condition: readWhere(value) },
  ]),
  hasRows: field('has-rows', 'only with vectors that can be searched, or only without', yesOrNo, (has) => [
    { test: 'rows', has },
  ]),
} as const;

type Fields = typeof filterFields;
export type FilterField = keyof Fields;

/** All given conditions hold; an empty filter is every block, an empty list of alternatives none. */
export type Filter = { readonly [K in FilterField]?: Fields[K] extends Field<infer T> ? T : never };
