// What a folder's name says about what is in it. Never: a decision; the person sees the guess and can change it.
import type { LibraryKind } from '../api/types.ts';

// Names that people give such folders in English, Dutch and German.
const NAMES: [RegExp, LibraryKind][] = [
  [/home.?(video|movie)|eigen.?(video|film)|heimvideo|camcorder|familie/i, 'home_videos'],
  [/photo|foto|picture|bilder|afbeelding|dcim|camera/i, 'photos'],
  [/music|muziek|musik|audio|album/i, 'music'],
  [/serie|\btv\b|shows?\b|sendung/i, 'series'],
  [/film|movie|bios|kino/i, 'films'],
];

export function nameOf(path: string): string {
  return path.split('/').filter(Boolean).at(-1) ?? path;
}

export function guessKind(path: string): LibraryKind {
  const name = nameOf(path);
  return NAMES.find(([pattern]) => pattern.test(name))?.[1] ?? 'mixed';
}
