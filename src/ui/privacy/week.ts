// A week of the year in words. Never: a day or an hour.
import { t } from '../words/words.svelte.ts';

/** `2026-W47` -> "week 47 of 2026"; anything else as it is. */
export function weekWords(week: string): string {
  const [, year, number] = /^(\d{4})-W(\d{2})$/.exec(week) ?? [];
  return year && number ? t.privacy.week(String(Number(number)), year) : week;
}
