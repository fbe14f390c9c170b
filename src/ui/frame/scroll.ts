// Puts a page back to where the reader left it, as soon as it is tall enough. Never: against the reader's own scrolling.
import type { LeftBehind } from './router.svelte.ts';

// After that a page that is still too short has changed, and its top is the better place.
const PATIENCE_MS = 2_000;

const MOVES = ['wheel', 'touchstart', 'keydown', 'pointerdown'] as const;

let stop: () => void = () => {};

function linkTo(href: string | null): HTMLElement | null {
  return href === null ? null : document.querySelector<HTMLElement>(`main a[href="${CSS.escape(href)}"]`);
}

/** True when the page is where it was, with the focus where it was. */
function settle(left: LeftBehind): boolean {
  if (Math.abs(scrollY - left.scroll_px) >= 2) scrollTo(0, left.scroll_px);
  if (Math.abs(scrollY - left.scroll_px) >= 2) return false;
  if (left.focus === null) return true;
  const link = linkTo(left.focus);
  link?.focus({ preventScroll: true });
  return link !== null;
}

/** Scrolls to where the reader was, or to the top; `move` also moves the focus into the page. */
export function restoreScroll(left: LeftBehind, move: boolean): void {
  stop();
  scrollTo(0, left.scroll_px);
  if (move) document.querySelector<HTMLElement>('main')?.focus({ preventScroll: true });
  if (left.scroll_px === 0 && left.focus === null) return;
  const end_ms = performance.now() + PATIENCE_MS;
  let frame = 0;
  const again = () => {
    if (settle(left) || performance.now() > end_ms) stop();
    else frame = requestAnimationFrame(again);
  };
  const giveUp = () => stop();
  stop = () => {
    cancelAnimationFrame(frame);
    for (const each of MOVES) removeEventListener(each, giveUp);
    stop = () => {};
  };
  for (const each of MOVES) addEventListener(each, giveUp, { passive: true });
  again();
}
