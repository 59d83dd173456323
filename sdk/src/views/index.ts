export type { Verdict, ViewAnswer } from './answer.js';
export { coneCursor, takeBatch, type ConeItem, type Taken } from './cone.js';
export { fallenIn, type Judged } from './hiding.js';
export type { KeyedEntry, KeyedStore } from './keyed-store.js';
export { planCones, readName, tableOf, takes, type ConePlan, type ConeTable } from './plan.js';
export {
  askView,
  createAnswerCache,
  paramsOf,
  plain,
  questionOf,
  verdictsOf,
  type AnswerCache,
  type AskOptions,
  type Cone,
  type Params,
} from './question.js';
export { dbOf, drive, newTrace, placeText, type ReaderOptions, type Trace } from './reader.js';
export { readRows, rowPrefix, space } from './rows.js';
export { afterPrefix, decodeTuple, encodeTuple, type KeyPart } from './tuple.js';
export * from './view.js';
export type { World } from './world.js';
export type { ConeOptions } from './writer.js';
