import type { Kind, Plugin, View } from '../kind.js';
import { identitiesView } from './identities.js';
import { rotateKind } from './kind.js';

export { nameCid, rotateKind, rotatesFrom, rotatesTo, type RotateBody } from './kind.js';
export {
  identitiesView,
  identityOf,
  rotatedAwayMs,
  rotatedKeys,
  sameIdentity,
  seenMsOf,
  type Handover,
  type IdentitiesState,
  type IdentityReport,
} from './identities.js';

export const rotatePlugin: Plugin = { name: 'rotate', kinds: [rotateKind as Kind], views: [identitiesView as View] };
