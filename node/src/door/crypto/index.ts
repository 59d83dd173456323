export { sha256 } from './hash.js';
export { verifierOf, type Verifier, type VerifierName } from './verifier.js';
