export { checkAny, contentOf, formatNamed, formatOf, formats } from './any.js';
export type { BlockContent, Format } from './format.js';
export { nativeFormat } from './native.js';
export { pythonFormat } from './python.js';
export { portableChecks } from './checks.js';
export { verdictOf, type Finding, type Verdict } from './verdict.js';
export { bodyDigestOf, sameText, textsWithin, withheldTextMin } from './comes-back.js';
