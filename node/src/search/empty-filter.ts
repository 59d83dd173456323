import { isMap, type Catalogue, type Filter, type Value } from '@cosmicembeddings/sdk';

/** Conditions that are looked at one by one. */
const LOOKED_MAX = 20;

/** Why a filter lets nothing through: conditions that no block here meets, by name, or that none meets them all. */
export async function whyEmpty(filter: Filter | undefined, catalogue: Pick<Catalogue, 'find'>): Promise<string[]> {
  const conditions = filter === undefined ? [] : singleConditions(filter);
  if (conditions.length === 0 || (await isMet(filter!, catalogue))) return [];
  const notes: string[] = [];
  let looked = 0;
  for (const steps of conditions)
    for (const { one, says } of steps) {
      if (looked++ >= LOOKED_MAX) break;
      if (await isMet(one, catalogue)) continue;
      notes.push(says);
      break;
    }
  if (notes.length > 0) return notes;
  return [`each of these conditions is met by blocks here, but none meets them all`];
}

async function isMet(filter: Filter, catalogue: Pick<Catalogue, 'find'>): Promise<boolean> {
  return (await catalogue.find(filter, { limit: 1 })).ids.length > 0;
}

interface Step {
  readonly one: Filter;
  readonly says: string;
}

/** Each condition as steps from the general to the special; the first that nothing meets is the one to name. */
function singleConditions(filter: Filter): Step[][] {
  const { tagsAll = [], tagsAny = [], authors = [], kinds = [], links = [], language, fromMs, toMs, where } = filter;
  const range = { ...(fromMs === undefined ? {} : { fromMs }), ...(toMs === undefined ? {} : { toMs }) };
  return [
    ...[...tagsAll, ...tagsAny].map((tag) =>
      step(
        { tagsAll: [tag] },
        `no block here has the tag ${quoted(tag)}${tag.includes(',') ? ' (a comma is part of a tag: name several one by one)' : ''}`,
      ),
    ),
    ...authors.map((author) =>
      step(
        { authors: [author] },
        `no block here is by the author ${quoted(author)}${author.startsWith('did:key:') ? '' : ' (authors are named by their did:key:…)'}`,
      ),
    ),
    ...kinds.map((kind) => step({ kinds: [kind] }, `no block here is of the kind ${quoted(kind)}`)),
    ...links.map((link) => step({ links: [link] }, `no block here links to ${quoted(link.id)}`)),
    ...(language === undefined
      ? []
      : [step({ language }, `no text here is said to be in the language ${quoted(language)}`)]),
    ...(fromMs === undefined && toMs === undefined ? [] : [step(range, 'no block here is of that time')]),
    ...(where === undefined ? [] : whereSteps(where as Value)),
  ];
}

function step(one: Filter, says: string): Step[] {
  return [{ one, says }];
}

/** Operators that rows without the key pass: such a key is not what keeps them out. */
const complements = new Set(['$ne', '$nin', '$not_contains', '$exists']);

function whereSteps(where: Value): Step[][] {
  const named = whereConditions(where);
  const all = { where: where as Filter['where'] & object };
  return named.length > 0 ? named : [step(all, `no text here meets ${JSON.stringify(where).slice(0, 200)}`)];
}

/** The keys of a `where` that have to hold: a key that no row has, else a value that none has. `$not` keeps nothing of that kind. */
function whereConditions(where: Value): Step[][] {
  if (!isMap(where)) return [];
  return Object.entries(where).flatMap(([key, asked]): Step[][] => {
    if (key === '$and' || key === '$or') return Array.isArray(asked) ? asked.flatMap(whereConditions) : [];
    if (key.startsWith('$') || asked === undefined) return [];
    const value: Step = {
      one: { where: { [key]: asked } as Filter['where'] & object },
      says: valueText(key, asked),
    };
    if (key.startsWith('#') || (isMap(asked) && Object.keys(asked).some((operator) => complements.has(operator))))
      return [[value]];
    const says = `no text here has the metadata ${quoted(key)}`;
    return [[{ one: { where: { [key]: { $exists: true } } }, says }, value]];
  });
}

function valueText(key: string, asked: Value): string {
  if (key === '#id' && typeof asked === 'string') return `no text here has the own id ${quoted(asked)}`;
  if (key === '#collection' && typeof asked === 'string') return `no text here is in the collection ${quoted(asked)}`;
  return `no text here meets ${JSON.stringify({ [key]: asked }).slice(0, 200)}`;
}

function quoted(text: string): string {
  return JSON.stringify(text.slice(0, 100));
}
