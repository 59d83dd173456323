export { decodeKey, encodeKey, isLockedKey, keyOfSeed, type Key } from './key-file.js';
export { Keyring, type KeyFolder, type KeyInfo, type Rotation } from './keyring.js';
