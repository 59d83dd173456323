export {
  descriptorFault,
  descriptorSchema,
  differingField,
  spaceIdOf,
  spaceMismatch,
  spaceLabel,
  spaceNamed,
  type SpaceDescriptor,
  type SpaceId,
} from './descriptor.js';
export {
  cosine,
  fromHalf,
  packRows,
  rowBytes,
  rowsFault,
  toHalf,
  toUnit,
  unitTolerance,
  unpackRow,
  type Dtype,
  type Fault,
  type StoredRows,
} from './vector.js';
export { float32Text } from './float-text.js';
export {
  canaryOrigin,
  canaryRole,
  canaryTolerance,
  checkSpace,
  type Canaries,
  type Canary,
  type SpaceProof,
} from './canaries.js';
export { knownSpace, knownSpaces, serviceSpace, type KnownSpace } from './known.js';
