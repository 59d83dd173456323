/** What hands and keys do to a map, by pixels of its element. */
export interface Gestures {
  pan(right: number, down: number): void;
  zoom(factor: number, left: number, top: number): void;
  whole(): void;
  /** A click or a tap. */
  press(left: number, top: number, isTouch: boolean): void;
  hover(left: number, top: number): void;
  leave(): void;
  /** The outline while it is drawn, and when it is done. */
  outline(points: readonly (readonly [number, number])[], isDone: boolean): void;
  /** Takes what lies in the middle. */
  middle(): void;
  escape(): void;
}

const STILL_PX = 6;
const STEP_PX = 60;
const KEY_ZOOM = 1.4;

/** `isLasso`: does dragging draw an outline now? Shift does so at any time. */
export function wireGestures(node: HTMLElement, to: Gestures, isLasso: () => boolean, signal: AbortSignal): void {
  const down = new Map<number, readonly [number, number]>();
  let began: readonly [number, number] | undefined;
  let moved = false;
  let outline: [number, number][] | undefined;
  const at = (event: MouseEvent): [number, number] => {
    const { left, top } = node.getBoundingClientRect();
    return [event.clientX - left, event.clientY - top];
  };
  const on = <K extends keyof HTMLElementEventMap>(
    name: K,
    hear: (event: HTMLElementEventMap[K]) => void,
    options: AddEventListenerOptions = {},
  ): void => node.addEventListener(name, hear, { signal, ...options });

  on('pointerdown', (event) => {
    if (event.button !== 0) return;
    node.setPointerCapture(event.pointerId);
    const place = at(event);
    down.set(event.pointerId, place);
    if (down.size > 1) {
      outline = undefined;
      moved = true;
      return;
    }
    [began, moved] = [place, false];
    outline = isLasso() || event.shiftKey ? [place] : undefined;
  });
  on('pointermove', (event) => {
    const place = at(event);
    const before = down.get(event.pointerId);
    if (before === undefined) return void (event.pointerType === 'mouse' && to.hover(...place));
    const [dx, dy] = [place[0] - before[0], place[1] - before[1]];
    if (began !== undefined && Math.hypot(place[0] - began[0], place[1] - began[1]) > STILL_PX) moved = true;
    if (down.size === 2) {
      const other = [...down].find(([id]) => id !== event.pointerId)![1];
      const [was, is] = [far(before, other), far(place, other)];
      const [left, top] = [(place[0] + other[0]) / 2, (place[1] + other[1]) / 2];
      to.pan(dx / 2, dy / 2);
      if (was > 0 && is > 0) to.zoom(is / was, left, top);
    } else if (outline !== undefined) {
      outline.push(place);
      if (moved) to.outline(outline, false);
    } else if (moved) to.pan(dx, dy);
    down.set(event.pointerId, place);
  });
  const up = (event: PointerEvent, isPress: boolean): void => {
    if (!down.delete(event.pointerId) || down.size > 0) return;
    const drawn = outline;
    outline = undefined;
    if (drawn !== undefined && moved) to.outline(isPress ? drawn : [], true);
    else if (isPress && !moved) to.press(...at(event), event.pointerType === 'touch');
    began = undefined;
  };
  on('pointerup', (event) => up(event, true));
  on('pointercancel', (event) => up(event, false));
  on('pointerleave', () => to.leave());
  on(
    'wheel',
    (event) => {
      event.preventDefault();
      const lines = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 16 : 1;
      to.zoom(Math.exp(-Math.max(-240, Math.min(240, event.deltaY * lines)) * 0.002), ...at(event));
    },
    { passive: false },
  );
  on('dblclick', (event) => to.zoom(2, ...at(event)));
  on('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const { clientWidth: width, clientHeight: height } = node;
    const acts: Readonly<Record<string, () => void>> = {
      ArrowLeft: () => to.pan(STEP_PX, 0),
      ArrowRight: () => to.pan(-STEP_PX, 0),
      ArrowUp: () => to.pan(0, STEP_PX),
      ArrowDown: () => to.pan(0, -STEP_PX),
      '+': () => to.zoom(KEY_ZOOM, width / 2, height / 2),
      '=': () => to.zoom(KEY_ZOOM, width / 2, height / 2),
      '-': () => to.zoom(1 / KEY_ZOOM, width / 2, height / 2),
      '0': () => to.whole(),
      Enter: () => to.middle(),
      Escape: () => to.escape(),
    };
    const act = Object.hasOwn(acts, event.key) ? acts[event.key] : undefined;
    if (act === undefined) return;
    event.preventDefault();
    act();
  });
}

function far(a: readonly [number, number], b: readonly [number, number]): number {
  return Math.hypot(a[0] - b[0], a[1] - b[1]);
}
