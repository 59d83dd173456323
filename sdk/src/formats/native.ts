import { checkBlock, toJson } from '../block/index.js';
import type { Format } from './format.js';

/** COSE tag 18. */
const FIRST = 0xd2;

export const nativeFormat: Format = {
  name: 'native/2',
  leads: (first) => first === FIRST,
  check: checkBlock,
  toJson: (wire, vectors) => toJson(wire, { vectors }),
};
