/** A complaint about unknown flags or words, with the flag that was probably meant. */
export function unknownFlag(message: string, help: string): string {
  const match = /^Unknown arguments?: (.+)$/.exec(message);
  if (match === null) return message;
  const flags = [...new Set(help.match(/--[a-z][a-z-]*/g) ?? [])].map((flag) => flag.slice(2));
  const hints = match[1]!.split(', ').map((name) => {
    const near = nearest(name, flags);
    return `unknown argument ${name}${near === undefined ? '' : `; did you mean --${near}?`}`;
  });
  return `${[...new Set(hints)].join('; ')} (cosmic COMMAND --help lists what there is)`;
}

/** The closest of the names, when it is close enough to be meant. */
function nearest(name: string, names: readonly string[]): string | undefined {
  const distances = names.map((candidate) => ({ candidate, edits: editDistance(name, candidate) }));
  const best = distances.sort((a, b) => a.edits - b.edits)[0];
  return best !== undefined && best.edits <= Math.max(2, Math.floor(name.length / 3)) ? best.candidate : undefined;
}

/** Levenshtein: insertions, deletions and replacements from one word to the other. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++)
      next.push(Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)));
    row = next;
  }
  return row[b.length]!;
}
