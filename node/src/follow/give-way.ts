/**
 * How followers give way. While more than a few batches of blocks are at the door, the cores are wanted for checking and
 * storing them; an index that is behind says so (`indexedTo`) and catches up afterwards. *Patient* followers are those that
 * no answer rests on: they give way to whoever searches and to the other followers, too.
 */

/** What the cores are wanted for now, shared between threads. */
export interface Pressure {
  /** Five float64: blocks at the door; when somebody last searched, when a follower was last behind, since when a stream fills the door, and when it did so last, in ms. */
  readonly cells: SharedArrayBuffer;
  readonly isPatient: boolean;
}

export interface PressureGauge {
  /** For followers that answers rest on. */
  readonly shared: Pressure;
  /** For those that can wait. */
  readonly patient: Pressure;
  /** Blocks that are at the door now. */
  set(blocks: number, nowMs: number): void;
  /** Somebody searches. */
  asked(nowMs: number): void;
}

const [DOOR, ASKED, BEHIND, SINCE, BUSY_AT] = [0, 1, 2, 3, 4] as const;

export function createPressure(): PressureGauge {
  const cells = new SharedArrayBuffer(5 * 8);
  const gauge = new Float64Array(cells);
  return {
    shared: { cells, isPatient: false },
    patient: { cells, isPatient: true },
    set: (blocks, nowMs) => {
      gauge[DOOR] = blocks;
      if (blocks < STREAM) return;
      if (Math.abs(nowMs - gauge[BUSY_AT]!) >= PAUSE_MS) gauge[SINCE] = nowMs;
      gauge[BUSY_AT] = nowMs;
    },
    asked: (nowMs) => void (gauge[ASKED] = nowMs),
  };
}

/** From so many blocks at the door on, followers rest. One busy stream keeps 512 there, a few busy peers some dozens; single publishers a few. */
const BUSY = 24;
/** Resting time for each unit of work: followers keep an eighth of their thread, so they always move. */
const REST = 7;
const REST_MAX_MS = 200;
/** So many are there where a stream comes as fast as it is taken. With fewer, whoever searches wants the index to keep up with them. */
const STREAM = 256;
/**
 * Such a stream, when it has just begun and nobody searches, goes before followers altogether: for so long they keep a sixtieth, and
 * what it brought is indexed afterwards with all cores. It is another stream after such a pause, in which they had the cores.
 */
const FIRST_MS = 20_000;
const FIRST_REST = 59;
const FIRST_REST_MAX_MS = 1000;
const PAUSE_MS = 2_000;
/** Patient ones keep a thirtieth, … */
const PATIENT_REST = 29;
export const PATIENT_REST_MAX_MS = 2000;
/** … and rest so many times as long beside a stream that has just begun, … */
const PATIENT_FIRST = 10;
/** … while there are so many blocks at the door, or for so long after a search or another follower's work. */
const PATIENT_BUSY = 8;
const STILL_MS = 300;
/** A follower that is fewer blocks behind is as good as there. */
const BEHIND_MIN = 64;

/** A follower that answers rest on says how far behind it is. */
export function noteLag(lag: number, pressure: Pressure | undefined, nowMs: number): void {
  if (pressure !== undefined && !pressure.isPatient && lag > BEHIND_MIN)
    new Float64Array(pressure.cells)[BEHIND] = nowMs;
}

/** Are the cores wanted for what comes before this follower? */
export function isPressed(pressure: Pressure | undefined, nowMs: number): boolean {
  if (pressure === undefined) return false;
  const gauge = new Float64Array(pressure.cells);
  const isAsked = nowMs - gauge[ASKED]! < STILL_MS;
  if (!pressure.isPatient) return gauge[DOOR]! >= (isAsked ? STREAM : BUSY);
  return gauge[DOOR]! >= PATIENT_BUSY || isAsked || nowMs - gauge[BEHIND]! < STILL_MS;
}

/** Milliseconds to rest after `workedMs` of background work; 0 while nobody else wants the cores. */
export function restAfter(workedMs: number, pressure: Pressure | undefined, nowMs: number): number {
  if (!isPressed(pressure, nowMs)) return 0;
  const gauge = new Float64Array(pressure!.cells);
  const isFirst = gauge[DOOR]! >= STREAM && nowMs - gauge[SINCE]! < FIRST_MS && nowMs - gauge[ASKED]! >= STILL_MS;
  if (pressure!.isPatient) {
    const times = isFirst ? PATIENT_FIRST : 1;
    return Math.min(times * PATIENT_REST_MAX_MS, Math.ceil(workedMs * times * PATIENT_REST));
  }
  const [rest, mostMs] = isFirst ? [FIRST_REST, FIRST_REST_MAX_MS] : [REST, REST_MAX_MS];
  return Math.min(mostMs, Math.ceil(workedMs * rest));
}

/**
 * Work that no answer waits for, in the thread of a follower that answers rest on: while the cores are wanted it gets a thirtieth,
 * as patient followers do, and none at first.
 */
export function createLeisure(pressure: Pressure | undefined, nowMs: () => number) {
  const patient = pressure && { ...pressure, isPatient: true };
  let restedMs = nowMs() + PATIENT_REST_MAX_MS;
  /** One slice, if it is its turn; answers what the slice does (is there more?), or false. */
  return (slice: () => boolean): boolean => {
    const fromMs = nowMs();
    if (fromMs < restedMs && isPressed(patient, fromMs)) return false;
    const more = slice();
    const toMs = nowMs();
    restedMs = toMs + restAfter(toMs - fromMs, patient, toMs);
    return more;
  };
}
