// The words of music. Never: words of another part.
import type { Words } from './words.svelte.ts';

export const music: Words['music'] = {
};
