// Puts a page back to where the reader left it, as soon as it is tall enough. Never: against the reader's own scrolling.
import type { LeftBehind } from './router.svelte.ts';

const PATIENCE_MS = 2_000;

let stop: () => void = () => {};

function focusAgain(href: string | null): void {
  if (!href) return;
  const link = document.querySelector<HTMLElement>(`main a[href="${CSS.escape(href)}"]`);
  link?.focus({ preventScroll: true });
}

/** Scrolls to where the reader was, or to the top; `move` also moves the focus into the page. */
export function restoreScroll(left: LeftBehind, move: boolean): void {
  stop();
  scrollTo(0, left.scroll_px);
  if (move) document.querySelector<HTMLElement>('main')?.focus({ preventScroll: true });
  if (left.scroll_px === 0 && !left.focus) return;
  const settled = () => Math.abs(scrollY - left.scroll_px) < 2;
  if (settled() && focusFound(left.focus)) return focusAgain(left.focus);
  const observer = new ResizeObserver(() => {
    if (!settled()) scrollTo(0, left.scroll_px);
    if (settled() && focusFound(left.focus)) {
      focusAgain(left.focus);
      stop();
    }
  });
  const giveUp = () => stop();
  const timer = setTimeout(giveUp, PATIENCE_MS);
  const moves = ['wheel', 'touchstart', 'keydown', 'pointerdown'] as const;
  stop = () => {
    observer.disconnect();
    clearTimeout(timer);
    for (const each of moves) removeEventListener(each, giveUp);
    stop = () => {};
  };
  for (const each of moves) addEventListener(each, giveUp, { passive: true });
  observer.observe(document.body);
}

function focusFound(href: string | null): boolean {
  return !href || document.querySelector(`main a[href="${CSS.escape(href)}"]`) !== null;
}
