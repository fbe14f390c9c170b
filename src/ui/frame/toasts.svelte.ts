// Short messages that come and go, with one action such as undo. Never: something that must be answered.

export interface Toast {
  id: number;
  text: string;
  kind: 'plain' | 'error';
  action: { label: string; run: () => void | Promise<void> } | null;
}

const SHOWN_MS = 6_000;
// An action must stay reachable for people who are slower.
const WITH_ACTION_MS = 12_000;
const MOST = 3;

let next = 1;
const shown = $state<Toast[]>([]);
const timers = new Map<number, ReturnType<typeof setTimeout>>();

export const toasts: readonly Toast[] = shown;

export function dismiss(id: number): void {
  const at = shown.findIndex((each) => each.id === id);
  if (at >= 0) shown.splice(at, 1);
  clearTimeout(timers.get(id));
  timers.delete(id);
}

/** Keeps messages while the pointer or the focus is on them. */
export function hold(): void {
  for (const timer of timers.values()) clearTimeout(timer);
}

export function release(): void {
  for (const each of shown) expire(each);
}

function expire(toast: Toast): void {
  clearTimeout(timers.get(toast.id));
  timers.set(
    toast.id,
    setTimeout(() => dismiss(toast.id), toast.action ? WITH_ACTION_MS : SHOWN_MS),
  );
}

/** Shows a message; returns its id for `dismiss`. */
export function toast(text: string, how: Partial<Pick<Toast, 'kind' | 'action'>> = {}): number {
  const made: Toast = { id: next++, text, kind: how.kind ?? 'plain', action: how.action ?? null };
  shown.push(made);
  while (shown.length > MOST && shown[0]) dismiss(shown[0].id);
  expire(made);
  return made.id;
}
