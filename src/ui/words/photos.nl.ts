// The words of photos. Never: words of another part.
import type { Words } from './words.svelte.ts';

export const photos: Words['photos'] = {
};
