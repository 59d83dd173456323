import type { en } from './en.js';

export type Key = keyof typeof en;
export type Text = string | ({ readonly other: string } & Partial<Readonly<Record<Intl.LDMLPluralRule, string>>>);
/** All texts of a language: the compiler refuses one that lacks a key. */
export type Words = Readonly<Record<Key, Text>>;
