// The words of player. Never: words of another part.
import type { Words } from './words.svelte.ts';

export const player: Words['player'] = {
};
