const KEY = /^[\p{L}_][\p{L}\p{N}_.-]*:(?:[ \t]|$)/u;
/** A key, an item of a list, a comment, a continuation or an empty line. */
const YAML_LINE = /^(?:[\p{L}_"'][^:\n]*:(?:[ \t].*)?|-(?:[ \t].*)?|#.*|[ \t]+.*|[ \t]*|[\]}],?[ \t]*)$/u;

/**
 * Where the content of a Markdown text begins: after front matter, which stands at the very beginning between two lines
 * `---` (or `---` and `...`) and is a YAML mapping line for line, beginning with a key. Anything else between two rules is
 * text (CommonMark 0.31, section 4.1). 0 without front matter.
 */
export function frontMatterEnd(text: string): number {
  const opening = /^---[ \t]*\n/.exec(text);
  if (opening === null) return 0;
  let at = opening[0].length;
  for (let first = true; at < text.length; first = false) {
    const end = text.indexOf('\n', at);
    const line = text.slice(at, end < 0 ? text.length : end);
    if (!first && /^(?:---|\.\.\.)[ \t]*$/.test(line)) return end < 0 ? text.length : end + 1;
    if (!(first ? KEY : YAML_LINE).test(line)) return 0;
    at = end < 0 ? text.length : end + 1;
  }
  return 0;
}
