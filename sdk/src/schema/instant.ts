const INSTANT = /^(\d{4})-(\d\d)-(\d\d)[Tt](\d\d):(\d\d):(\d\d)(?:\.(\d+))?(?:[Zz]|([+-])(\d\d):(\d\d))$/;
const DAY = /^(\d{4})-(\d\d)-(\d\d)$/;

/**
 * Milliseconds since 1970-01-01T00:00Z of an RFC 3339 date-time, which names its offset; fractions beyond milliseconds are
 * cut off. Undefined for anything else, days and hours that no calendar has included. Leap seconds have no millisecond.
 */
export function instantOf(text: string): number | undefined {
  const match = INSTANT.exec(text);
  if (match === null) return undefined;
  const [year, month, day, hour, minute, second] = match.slice(1, 7).map(Number) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  const ms = Number((match[7] ?? '').slice(0, 3).padEnd(3, '0'));
  const [offsetHours, offsetMinutes] = [Number(match[9] ?? 0), Number(match[10] ?? 0)];
  const midnight = midnightOf(year, month, day);
  if (midnight === undefined || hour > 23 || minute > 59 || second > 59 || offsetHours > 23 || offsetMinutes > 59)
    return undefined;
  const offset = (match[8] === '-' ? -1 : 1) * (offsetHours * 60 + offsetMinutes) * 60_000;
  return midnight + ((hour * 60 + minute) * 60 + second) * 1000 + ms - offset;
}

/** As `instantOf`, of an RFC 3339 full-date: its first instant in UTC. */
export function dayStartOf(text: string): number | undefined {
  const match = DAY.exec(text);
  return match === null ? undefined : midnightOf(Number(match[1]), Number(match[2]), Number(match[3]));
}

function midnightOf(year: number, month: number, day: number): number | undefined {
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  // A day or month that there is not runs over into another month.
  return date.getUTCMonth() === month - 1 ? date.getTime() : undefined;
}
