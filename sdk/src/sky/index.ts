export { bodyNames, skyVersion, spanEndMs, spanStartMs, toleranceArcsec, type BodyName } from './constants.js';
export { createSky, type Moment, type Sky, type SkyOptions, type SkyStats, type SkyVerdict } from './sky.js';
export { checkPlace, coarsen, placeFault, placeText, type Place } from './place.js';
export { fitsPerChecks, fitsPerSecond, type FitBudget } from './ephemeris/fit-budget.js';
export { stampOf, type CosmicSignature, type StampedStar } from './stamp.js';
export type { BodyObservation, Direction, Equatorial, Observation, StarObservation } from './observe.js';
export type { Deviation } from './compare.js';
export { twilightOf, type Twilight } from './twilight.js';
export {
  skyConsistent,
  skyInconsistent,
  tierMeaning,
  timeEvidence,
  timeTiers,
  whatAStampProves,
  type TimeEvidence,
  type TimeTier,
} from './tiers.js';
export { skyChart, type ChartOptions } from './chart/chart.js';
export { textChart, textChartLegend, type TextChartOptions } from './chart/text-chart.js';
export type { Theme } from './chart/palette.js';
export { skyJson, type BodyJson, type SkyJson } from './json.js';
