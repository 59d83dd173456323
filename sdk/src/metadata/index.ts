export { matches, type RowFacts } from './match.js';
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
  type Condition,
  type Operand,
  type Operators,
  type RowFact,
  type Test,
  type Where,
} from './where.js';
