// Moves the focus with arrow keys, the way a TV remote does. Never: keys inside fields, sliders or the player.

export interface Box {
  left: number;
  top: number;
  right: number;
  bottom: number;
}

export type Direction = 'left' | 'right' | 'up' | 'down';

const KEYS: Record<string, Direction> = {
  ArrowLeft: 'left',
  ArrowRight: 'right',
  ArrowUp: 'up',
  ArrowDown: 'down',
};

const FOCUSABLE = 'a[href], button:not(:disabled), input:not(:disabled), select:not(:disabled), summary, [tabindex="0"]';
// Things that use the arrow keys themselves.
const OWN_ARROWS =
  'select, textarea, video, audio, [contenteditable], [role="slider"], [role="listbox"], [role="menu"], [role="tablist"], [role="radiogroup"], [data-own-keys], input[type="range"], input[type="radio"], input[type="number"], input[type="date"]';
// A step sideways costs more than the same step ahead, so that focus stays in its row or column.
const SIDEWAYS_COST = 3;

/** How far `to` is from `from` in a direction; null when it does not lie there. */
export function distance(from: Box, to: Box, direction: Direction): number | null {
  const across = direction === 'left' || direction === 'right';
  const ahead = {
    left: from.left - to.right,
    right: to.left - from.right,
    up: from.top - to.bottom,
    down: to.top - from.bottom,
  }[direction];
  const middle = (box: Box) => (across ? (box.left + box.right) / 2 : (box.top + box.bottom) / 2);
  const forward = direction === 'right' || direction === 'down';
  const beyond = forward ? middle(to) - middle(from) : middle(from) - middle(to);
  if (beyond <= 0 || ahead < -Math.min(8, beyond)) return null;
  const [low, high] = across ? ([from.top, from.bottom] as const) : ([from.left, from.right] as const);
  const [start, end] = across ? ([to.top, to.bottom] as const) : ([to.left, to.right] as const);
  const gap = Math.max(0, start - high, low - end);
  const drift = Math.abs((start + end) / 2 - (low + high) / 2) / 8;
  return Math.max(0, ahead) + gap * SIDEWAYS_COST + drift;
}

function reachable(root: ParentNode): HTMLElement[] {
  return [...root.querySelectorAll<HTMLElement>(FOCUSABLE)].filter((element) => {
    return element.tabIndex >= 0 && element.checkVisibility({ visibilityProperty: true });
  });
}

function nearest(from: HTMLElement, root: ParentNode, direction: Direction): HTMLElement | null {
  const start = from.getBoundingClientRect();
  let best: HTMLElement | null = null;
  let least = Infinity;
  for (const element of reachable(root)) {
    if (element === from || from.contains(element)) continue;
    const cost = distance(start, element.getBoundingClientRect(), direction);
    if (cost !== null && cost < least) {
      best = element;
      least = cost;
    }
  }
  return best;
}

function firstTile(root: ParentNode): HTMLElement | null {
  const tiles = root.querySelectorAll<HTMLElement>('[data-tile]');
  return [...tiles].find((tile) => tile.getBoundingClientRect().top >= 0) ?? null;
}

function onKey(event: KeyboardEvent): void {
  const direction = KEYS[event.key];
  if (!direction || event.defaultPrevented || event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
  const root: ParentNode = [...document.querySelectorAll('dialog[open]')].at(-1) ?? document;
  if (root === document && document.querySelector('[data-owns-arrows]')) return;
  const focused = document.activeElement;
  const here = focused instanceof HTMLElement && focused !== document.body && focused.tabIndex >= 0 ? focused : null;
  if (here?.closest(OWN_ARROWS)) return;
  const typing = here instanceof HTMLInputElement && (direction === 'left' || direction === 'right');
  if (typing && here.type !== 'checkbox') return;
  const target = here ? nearest(here, root, direction) : firstTile(root);
  if (!target) return;
  event.preventDefault();
  target.focus({ preventScroll: true });
  target.scrollIntoView({ block: 'nearest', inline: 'nearest' });
}

/** Starts listening; returns the way to stop. */
export function startSpatial(): () => void {
  addEventListener('keydown', onKey);
  return () => removeEventListener('keydown', onKey);
}
