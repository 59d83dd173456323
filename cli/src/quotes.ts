/**
 * Arguments as yargs is to get them: of `--name="value"` it takes the quotation marks off, as if a shell had left them there, and a tag
 * that is meant to have them would be another tag. A further pair around them is taken off in their place.
 */
export function keepQuotes(args: readonly string[]): string[] {
  return args.map((arg) => arg.replace(/^(--[^=]+=)((["'])[^]*\3)$/, '$1"$2"'));
}
