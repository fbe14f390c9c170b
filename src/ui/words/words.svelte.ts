// The words of the chosen language, loaded one language at a time. Never: a sentence of its own.
import type { en } from './en.ts';
import type { Language } from '../api/types.ts';

// Every language has the same keys and the same blanks to fill; a missing one is a build error.
type Same<T> = {
  readonly [K in keyof T]: T[K] extends string
    ? string
    : T[K] extends (...given: infer G) => string
      ? (...given: G) => string
      : Same<T[K]>;
};

export type Words = Same<typeof en>;

export const LANGUAGES: readonly { code: Language; name: string }[] = [
  { code: 'en', name: 'English' },
  { code: 'nl', name: 'Nederlands' },
  { code: 'de', name: 'Deutsch' },
];

const LOADERS: Record<Language, () => Promise<Words>> = {
  en: async () => (await import('./en.ts')).en,
  nl: async () => (await import('./nl.ts')).nl,
  de: async () => (await import('./de.ts')).de,
};

let current = $state.raw<Words | null>(null);
let language = $state<Language>('en');

/** The words, by section: `t.home.title`. Read them where they are shown, so that a change of language shows at once. */
export const t: Words = new Proxy({} as Words, {
  get: (_, section: string) => (current as Words)[section as keyof Words],
});

/** The language's code for `Intl`, with the browser's region when it speaks the same language. */
export function locale(): string {
  return navigator.languages?.find((each) => each.slice(0, 2).toLowerCase() === language) ?? language;
}

export function languageNow(): Language {
  return language;
}

/** The browser's language when Alcove speaks it; English otherwise. */
export function browserLanguage(): Language {
  for (const each of navigator.languages ?? [navigator.language]) {
    const short = each.slice(0, 2).toLowerCase();
    const known = LANGUAGES.find((one) => one.code === short);
    if (known) return known.code;
  }
  return 'en';
}

export async function speak(wanted: Language): Promise<void> {
  const words = await LOADERS[wanted]();
  current = words;
  language = wanted;
  document.documentElement.lang = wanted;
}
