export { checkAny, contentOf, formatNamed, formatOf, formats, shownOf, textsOf } from './any.js';
export type { BlockContent, Format, ShownContent } from './format.js';
export { nativeFormat } from './native.js';
export { pythonFormat } from './python.js';
export { portableChecks } from './checks.js';
export { inspect, type Finding, type Inspection } from './inspect.js';
export { bodyDigestOf, sameText, textsWithin, withheldTextMin } from './comes-back.js';
