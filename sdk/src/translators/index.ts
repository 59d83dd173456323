export { openTranslator, type Translator } from './apply.js';
export { attestationOf, attestTolerance, type Attestation } from './attest.js';
export { judgePairs, qualityOf, type Judged } from './evaluate.js';
export { readTranslator, translatorFields } from './fields.js';
export {
  candidates,
  fitParameters,
  fitTranslator,
  pairsMax,
  pairsMin,
  type Candidate,
  type FitOptions,
  type Fitted,
} from './fit.js';
export { anchorsRoot } from './merkle.js';
export {
  translatorMethods,
  type Kernel,
  type Nearness,
  type Pair,
  type Parameters,
  type Quality,
  type TranslatorMethod,
} from './parameters.js';
export { placeOf, relevanceKept, relevanceMin, type Place } from './trust.js';
export { statedTolerance, verifyTranslator, type TranslatorProof } from './verify.js';
