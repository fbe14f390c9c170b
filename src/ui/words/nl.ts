// The words in nl. Never: a string that English does not have.
import { en } from './en.ts';
import { music } from './music.nl.ts';
import { photos } from './photos.nl.ts';
import { player } from './player.nl.ts';
import type { Words } from './words.svelte.ts';

export const nl: Words = { ...en, player, music, photos };
