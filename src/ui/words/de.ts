// The words in de. Never: a string that English does not have.
import { en } from './en.ts';
import { music } from './music.de.ts';
import { photos } from './photos.de.ts';
import { player } from './player.de.ts';
import type { Words } from './words.svelte.ts';

export const de: Words = { ...en, player, music, photos };
