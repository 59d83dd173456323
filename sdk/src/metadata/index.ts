export { matches, type Fact, type RowFacts } from './match.js';
export {
  decodeMetadata,
  encodeMetadata,
  metadataFault,
  type Metadata,
  type MetadataValue,
  type Scalar,
} from './value.js';
export {
  readWhere,
  rowFacts,
  textsAsked,
  type AnyWhere,
  type Condition,
  type Operand,
  type Operators,
  type RowFact,
  type Test as MetadataTest,
  type Where,
} from './where.js';
export { flatten, nest } from './pointers.js';
