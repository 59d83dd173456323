export {
  armor,
  isAge,
  isArmored,
  lock,
  newAgeKey,
  recipientOf,
  unarmor,
  unlock,
  type AgeKeys,
  type AgeLock,
} from './age.js';
export { sealedKind, sealedPlugin, type SealedBody } from './kind.js';
export { openSealed, sealFields, type Opened, type Secret } from './seal.js';
