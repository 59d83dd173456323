import { checkPythonBlock, pythonContent } from '../python/block.js';
import type { Format } from './format.js';

/** `{`: JSON text of the Python project, which is its own JSON form. */
const FIRST = 0x7b;

export const pythonFormat: Format = {
  name: 'python/1',
  leads: (first) => first === FIRST,
  check: checkPythonBlock,
  content: (envelope) => pythonContent(envelope),
  shown: (envelope) => ({ ...pythonContent(envelope), origins: [] }),
  toJson: (wire) => new TextDecoder().decode(wire),
};
