export {
  asksPlaces,
  coverageBytes,
  coverageKey,
  coverageLimits,
  coverageTest,
  coverageText,
  readCoverage,
  subscriptionFields,
  type Coverage,
  type Covered,
  type Place,
  type Subscription,
} from './coverage.js';
export { type Field, type LinkTest } from './field.js';
export { filterFields, type Filter, type FilterField } from './fields.js';
export { fields, filterOfTexts, filterSchema, filterTexts, readFilter, testsOf, textsOfFilter } from './filter.js';
export { pageFields, pageKey, readPageKey, type Page, type PageKey } from './page.js';
export { passes, relationsOf, rowsPassing, type Facts, type Test } from './test.js';
