import { fromParsed, toJson } from '../block/json.js';
import { utf8 } from '../bytes.js';
import { JsonError, parseJson } from '../codec/json-text.js';
import { rejected, type Rejected } from '../errors.js';
import { limits } from '../limits.js';

/** One line, without its end, for each block: the JSON form, or the text of version 1 as it is signed where that has no line ends. */
export function jsonLineOf(wire: Uint8Array): string {
  if (wire[0] !== 0x7b) return toJson(wire);
  // Outside of strings JSON may hold line ends, inside it cannot: a space in their place changes no value.
  return new TextDecoder().decode(wire).replace(/[\r\n]/g, ' ');
}

/**
 * The wire bytes of one block in JSON: version 2 from its JSON form, anything else as the version-1 text that it then
 * has to be.
 */
export function wireOfJson(text: string): Uint8Array | Rejected {
  if (text.length > limits.jsonMaxBytes)
    return rejected('block.too_large', `JSON: ${text.length} characters, at most ${limits.jsonMaxBytes}`);
  const trimmed = text.trim();
  try {
    const json = parseJson(trimmed);
    if (!(json instanceof Map)) return rejected('block.malformed', 'JSON: expected an object');
    return json.get('version') === 2 ? fromParsed(json) : utf8(trimmed);
  } catch (error) {
    // Python writes NaN and Infinity, which are no JSON; the version-1 codec judges those.
    if (error instanceof JsonError)
      return trimmed.startsWith('{') ? utf8(trimmed) : rejected('block.malformed', `JSON: ${error.message}`);
    throw error;
  }
}
