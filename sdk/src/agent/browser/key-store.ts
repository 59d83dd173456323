import { signerOfSeed, type Signer } from '../../crypto/identity.js';
import { CosmicError } from '../../errors.js';

/** What is kept for a name: a key that cannot be read out, or, where the browser has no Ed25519, a seed locked by one. */
type Kept =
  | { readonly type: 'ed25519'; readonly key: CryptoKey; readonly publicKey: Uint8Array }
  | { readonly type: 'locked'; readonly lock: CryptoKey; readonly iv: Uint8Array; readonly seed: Uint8Array };

const STORE = 'keys';

/** The signer of a named key in this origin's IndexedDB, made where it is missing. */
export async function signerNamed(name: string): Promise<Signer> {
  const database = await openDatabase();
  try {
    const known = await done<Kept | undefined>(database.transaction(STORE).objectStore(STORE).get(name));
    if (known !== undefined) return signerOf(known);
    const made = await make();
    // `add` keeps the first where two pages make one at the same time.
    const added = await done(database.transaction(STORE, 'readwrite').objectStore(STORE).add(made, name)).then(
      () => true,
      () => false,
    );
    return added ? await signerOf(made) : await signerNamed(name);
  } finally {
    database.close();
  }
}

function openDatabase(): Promise<IDBDatabase> {
  if (typeof indexedDB === 'undefined')
    return Promise.reject(
      new CosmicError('key.required', 'this platform keeps no keys: give a signer, or "ephemeral"'),
    );
  const request = indexedDB.open('cosmicembeddings', 1);
  request.onupgradeneeded = () => request.result.createObjectStore(STORE);
  return done(request);
}

function done<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error ?? new Error('IndexedDB failed'));
  });
}

async function make(): Promise<Kept> {
  try {
    const pair = (await crypto.subtle.generateKey({ name: 'Ed25519' }, false, ['sign', 'verify'])) as CryptoKeyPair;
    const publicKey = new Uint8Array(await crypto.subtle.exportKey('raw', pair.publicKey));
    return { type: 'ed25519', key: pair.privateKey, publicKey };
  } catch {
    const lock = await crypto.subtle.generateKey({ name: 'AES-GCM', length: 256 }, false, ['encrypt', 'decrypt']);
    const iv = crypto.getRandomValues(new Uint8Array(12));
    const seed = crypto.getRandomValues(new Uint8Array(32));
    return {
      type: 'locked',
      lock,
      iv,
      seed: new Uint8Array(await crypto.subtle.encrypt({ name: 'AES-GCM', iv }, lock, seed)),
    };
  }
}

async function signerOf(kept: Kept): Promise<Signer> {
  if (kept.type === 'ed25519')
    return {
      publicKey: kept.publicKey,
      sign: async (message) =>
        new Uint8Array(await crypto.subtle.sign({ name: 'Ed25519' }, kept.key, Uint8Array.from(message))),
    };
  const seed = await crypto.subtle.decrypt(
    { name: 'AES-GCM', iv: Uint8Array.from(kept.iv) },
    kept.lock,
    Uint8Array.from(kept.seed),
  );
  return signerOfSeed(new Uint8Array(seed));
}
