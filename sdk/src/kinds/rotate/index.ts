export { nameCid, rotateKind, rotatesFrom, rotatesTo, type RotateBody } from './kind.js';
