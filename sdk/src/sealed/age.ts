import { CosmicError } from '../errors.js';

/**
 * The age format (age-encryption.org/v1), loaded when first used: X25519 recipients and passphrases, as the `age`
 * command-line tool reads and writes them. The only place that knows the library.
 */
export interface AgeLock {
  /** `age1…` */
  readonly recipients?: readonly string[];
  readonly passphrase?: string;
  /** log2 of scrypt's work; default 18, about a second. */
  readonly workFactor?: number;
}

export interface AgeKeys {
  /** `AGE-SECRET-KEY-1…` */
  readonly identities?: readonly string[];
  readonly passphrases?: readonly string[];
}

/** What the library says of a mistyped identity quotes it. */
const MALFORMED = 'an identity is malformed: expected AGE-SECRET-KEY-1…, whole and as it was made';

const MAGIC = new TextEncoder().encode('age-encryption.org/v1\n');

/** Do bytes begin as an age file does? */
export function isAge(bytes: Uint8Array): boolean {
  return bytes.length > MAGIC.length && MAGIC.every((byte, i) => bytes[i] === byte);
}

/** @throws TypeError for no recipient, or both recipients and a passphrase; Error for a malformed recipient. */
export async function lock(
  plaintext: Uint8Array,
  { recipients = [], passphrase, workFactor }: AgeLock,
): Promise<Uint8Array> {
  if ((recipients.length === 0) === (passphrase === undefined))
    throw new TypeError('expected either recipients or a passphrase');
  const { Encrypter } = await import('age-encryption');
  const encrypter = new Encrypter();
  for (const recipient of recipients) encrypter.addRecipient(recipient);
  if (passphrase !== undefined) {
    encrypter.setPassphrase(passphrase);
    if (workFactor !== undefined) encrypter.setScryptWorkFactor(workFactor);
  }
  return encrypter.encrypt(plaintext);
}

/** The plaintext, or one line that says why there is none: no key fits, or the bytes are damaged. */
export async function unlock(
  bytes: Uint8Array,
  { identities = [], passphrases = [] }: AgeKeys,
): Promise<Uint8Array | string> {
  const { Decrypter } = await import('age-encryption');
  const decrypter = new Decrypter();
  try {
    for (const identity of identities) decrypter.addIdentity(identity);
  } catch {
    return MALFORMED;
  }
  try {
    for (const passphrase of passphrases) decrypter.addPassphrase(passphrase);
    return await decrypter.decrypt(bytes);
  } catch (error) {
    return (error as Error).message;
  }
}

/** A new X25519 identity and the recipient that belongs to it. */
export async function newAgeKey(): Promise<{ readonly identity: string; readonly recipient: string }> {
  const { generateX25519Identity, identityToRecipient } = await import('age-encryption');
  const identity = await generateX25519Identity();
  return { identity, recipient: await identityToRecipient(identity) };
}

/** @throws CosmicError key.malformed, which does not quote the identity */
export async function recipientOf(identity: string): Promise<string> {
  const { identityToRecipient } = await import('age-encryption');
  try {
    return await identityToRecipient(identity);
  } catch {
    throw new CosmicError('key.malformed', MALFORMED);
  }
}

const ARMOR_HEAD = '-----BEGIN AGE ENCRYPTED FILE-----';

export function isArmored(text: string): boolean {
  return text.trimStart().startsWith(ARMOR_HEAD);
}

/** The ASCII form of an age file. */
export async function armor(bytes: Uint8Array): Promise<string> {
  const { armor: form } = await import('age-encryption');
  return form.encode(bytes);
}

/** The binary form of an armoured age file, or undefined for a damaged one. */
export async function unarmor(text: string): Promise<Uint8Array | undefined> {
  const { armor: form } = await import('age-encryption');
  try {
    return form.decode(text);
  } catch {
    return undefined;
  }
}
