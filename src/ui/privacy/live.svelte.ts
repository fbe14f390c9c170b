// What a section of the Privacy page loads, asked again whenever another answer holds. Never: an answer kept past the page.
import { onMount, untrack } from 'svelte';
import { consent } from '../frame/consent.svelte.ts';
import { View } from '../parts/view.svelte.ts';

/** Call it while a component is made. */
export function live<T>(ask: (signal: AbortSignal) => Promise<T>): View<T> {
  const view = new View<T>(ask);
  $effect(() => {
    if (consent.value === null && consent.error === null) return;
    untrack(() => void view.load());
  });
  onMount(() => () => view.stop());
  return view;
}
