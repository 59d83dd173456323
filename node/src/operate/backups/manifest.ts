import {
  CosmicError,
  didOf,
  fromBase64,
  publicKeyOf,
  publicKeyOfDid,
  sign,
  toBase64,
  verify,
  type Head,
} from '@cosmicembeddings/sdk';
import type { Place } from './place.js';

/** An object of the repository, by what it holds. */
export interface StoredObject {
  /** Its name in the repository. */
  readonly object: string;
  /** Of the object as it lies there, sealed or not. */
  readonly bytes: number;
  /** Hexadecimal. */
  readonly sha256: string;
}

/** Part of a store's life: what happened from sequence number `from` to `to`, both included. */
export interface Segment extends StoredObject {
  readonly from: number;
  readonly to: number;
  readonly steps: number;
}

/** A backup: what a store and its folder were at one moment. Signed by the node that made it. */
export interface Manifest {
  readonly format: 1;
  /** When it was made, RFC 3339. */
  readonly at: string;
  readonly node: string;
  readonly network: string;
  readonly head: Head;
  /** age recipients to whom everything but this manifest is sealed; none: it lies open. */
  readonly recipients: readonly string[];
  readonly segments: readonly Segment[];
  readonly files: readonly (StoredObject & { readonly file: string })[];
  /** What of the folder is not in it, and why. */
  readonly leftOut: readonly { readonly file: string; readonly why: string }[];
}

export const MANIFESTS = 'backups/';

/** Files of a data folder that a backup takes along. */
export const plainFiles: readonly string[] = ['config.json', 'peers.json', 'erasures'];
/** Those that say who a node is. */
export const identityFiles: readonly string[] = ['node.key', 'token', 'keys.json', 'withhold.key'];

/** `backups/2026-11-28T21-04-05-000Z.json`: by name in order of time. */
export const manifestName = (at: string): string => `${MANIFESTS}${at.replaceAll(/[:.]/g, '-')}.json`;

const messageOf = (manifest: Manifest): Uint8Array =>
  new TextEncoder().encode(`cosmicembeddings backup/1\n${JSON.stringify(manifest)}`);

export async function writeManifest(place: Place, manifest: Manifest, seed: Uint8Array): Promise<void> {
  if (didOf(publicKeyOf(seed)) !== manifest.node) throw new Error('a manifest is signed by the node that it names');
  const signature = toBase64(sign(messageOf(manifest), seed));
  const text = JSON.stringify({ manifest, signature }, null, 1) + '\n';
  await place.write(manifestName(manifest.at), new TextEncoder().encode(text));
}

/** @throws CosmicError backup.damaged where it is not what its node signed; input.not_found */
export async function readManifest(place: Place, name: string): Promise<Manifest> {
  const bytes = await place.read(name);
  if (bytes === undefined) throw new CosmicError('input.not_found', `${place.label}: there is no ${name}`);
  const damaged = (what: string, cause?: unknown): CosmicError =>
    new CosmicError('backup.damaged', `${name}: ${what}`, cause === undefined ? {} : { cause });
  let read: { readonly manifest?: Manifest; readonly signature?: string };
  try {
    read = JSON.parse(new TextDecoder().decode(bytes)) as typeof read;
  } catch (cause) {
    throw damaged('no JSON', cause);
  }
  const { manifest, signature } = read;
  if (manifest?.format !== 1) throw damaged(`format ${String(manifest?.format)}: this software reads 1`);
  const key = publicKeyOfDid(String(manifest.node));
  if (key === undefined || !isSigned(manifest, signature, key))
    throw damaged(`it is not signed by the node that it names, ${manifest.node}`);
  return manifest;
}

function isSigned(manifest: Manifest, signature: string | undefined, key: Uint8Array): boolean {
  try {
    return verify(fromBase64(signature ?? ''), messageOf(manifest), key);
  } catch {
    return false;
  }
}

/** Names of all backups, the oldest first. */
export async function listManifests(place: Place): Promise<readonly string[]> {
  return (await place.list(MANIFESTS)).filter((name) => /^backups\/\d{4}-[\dTZ-]+\.json$/.test(name));
}
