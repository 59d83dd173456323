import type { ValueMap } from '../codec/value.js';
import type { AttestBody } from './attest/index.js';
import type { CollectionBody } from './collection/index.js';
import type { EmbeddingBody } from './embedding.js';
import type { RetractBody } from './retract/index.js';
import type { RotateBody } from './rotate/index.js';

/** The kinds that are known when a program is compiled, and their own fields as a body carries them. */
export interface KindFields {
  readonly 'embedding/1': EmbeddingBody;
  readonly 'retract/1': RetractBody;
  readonly 'rotate/1': RotateBody;
  readonly 'collection/1': CollectionBody;
  readonly 'attest/1': AttestBody;
  readonly 'receipt/1': ValueMap;
  readonly 'translator/1': ValueMap;
  readonly 'sealed/1': { readonly inner_kind: string; readonly age: Uint8Array };
}

declare const named: unique symbol;
/** The name of a kind that a plug-in brings, or that is known at run time alone. */
export type CustomKind = string & { readonly [named]: true };

/** Says that a name which the compiler does not know is meant: what is misspelt does not compile. */
export function customKind(name: string): CustomKind {
  return name as CustomKind;
}

export type KindName = keyof KindFields | CustomKind;
/** A kind's own fields. */
export type FieldsOf<K extends KindName> = K extends keyof KindFields ? KindFields[K] : ValueMap;
