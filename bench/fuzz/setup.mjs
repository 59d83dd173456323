import { createPrivateKey, createPublicKey, sign } from 'node:crypto';
import { corePlugins, createRegistry } from '../../sdk/dist/index.js';
import { createSky } from '../../sdk/dist/sky/index.js';
import { sha256, verifierOf } from '../../node/dist/door/crypto/index.js';

/** OpenSSL's signing, with parsed keys kept. */
export function fastSigner() {
  const keys = new Map();
  const keyOf = (seed) => {
    const name = Buffer.from(seed).toString('hex');
    const key =
      keys.get(name) ??
      createPrivateKey({
        key: Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), seed]),
        format: 'der',
        type: 'pkcs8',
      });
    keys.set(name, key);
    return key;
  };
  return {
    publicKey: (seed) =>
      new Uint8Array(createPublicKey(keyOf(seed)).export({ format: 'der', type: 'spki' }).subarray(-32)),
    sign: (message, seed) => sign(null, message, keyOf(seed)),
  };
}

/** Checks whose verifier asks all that are installed and throws when they disagree; the slow portable one each `portableEvery`th time. */
export function checksOfAll(portableEvery) {
  const verifiers = ['sodium', 'node', 'portable'].flatMap((name) => {
    try {
      return [verifierOf(name)];
    } catch {
      return [];
    }
  });
  let count = 0;
  const verify = (signature, message, publicKey) => {
    count++;
    const asked = verifiers.filter(({ name }) => name !== 'portable' || count % portableEvery === 0);
    const verdicts = asked.map((one) => one.verify(signature, message, publicKey));
    if (new Set(verdicts).size > 1) throw new Error(`verifiers disagree: ${verdicts.join()}`);
    return verdicts[0];
  };
  return {
    checks: { network: 'dev', registry: createRegistry(corePlugins), verify, sha256, sky: createSky() },
    names: verifiers.map(({ name }) => name),
    verifications: () => count,
  };
}
