export { parseRespond, respondSchema, type RespondRules, type Signal } from './rules.js';
export { startResponder, type Responder } from './responder.js';
export { replay, type Replay } from './replay.js';
