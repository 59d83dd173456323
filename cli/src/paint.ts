const CODES = { bold: [1, 22], dim: [2, 22], green: [32, 39], yellow: [33, 39], red: [31, 39] } as const;

export type Colour = keyof typeof CODES;

type Looks = { readonly isTTY?: boolean | undefined };

/** Where a person looks, and has not said otherwise (no-color.org; `FORCE_COLOR` for pagers and logs that show colours). */
export function hasColour(out: Looks = process.stdout, env: NodeJS.ProcessEnv = process.env): boolean {
  if ((env['NO_COLOR'] ?? '') !== '') return false;
  if ((env['FORCE_COLOR'] ?? '') !== '') return env['FORCE_COLOR'] !== '0';
  return out.isTTY === true && env['TERM'] !== 'dumb';
}

/** Never the only way to tell: what is coloured says the same without. */
export function paint(colour: Colour, text: string, coloured = hasColour()): string {
  const [on, off] = CODES[colour];
  return coloured && text !== '' ? `\x1b[${on}m${text}\x1b[${off}m` : text;
}
