export { hmacSha256, sha256, type Sha256 } from './hash.js';
export { isSoundPoint, publicKeyOf, sign, verify, type Verify } from './ed25519.js';
export { isReducedScalar, isSoundEncoding, isSoundSignature } from './sound.js';
export { didOf, publicKeyOfDid, signerOfSeed, type Did, type Signer } from './identity.js';
