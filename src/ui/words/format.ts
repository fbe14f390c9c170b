// Numbers, sizes, times and dates as the reader's language writes them. Never: words of a sentence.
import { locale } from './words.svelte.ts';

const made = new Map<string, unknown>();

function kept<T>(name: string, make: (locale: string) => T): T {
  const where = locale();
  const key = `${where} ${name}`;
  let found = made.get(key) as T | undefined;
  if (found === undefined) {
    found = make(where);
    made.set(key, found);
  }
  return found;
}

export function number(value: number, digits = 0): string {
  return kept(`n${digits}`, (l) => new Intl.NumberFormat(l, { maximumFractionDigits: digits })).format(value);
}

export function percent(share: number): string {
  return kept('%', (l) => new Intl.NumberFormat(l, { style: 'percent', maximumFractionDigits: 0 })).format(share);
}

const SIZES = ['byte', 'kilobyte', 'megabyte', 'gigabyte', 'terabyte'] as const;

/** 3 217 000 000 -> "3.2 GB", with powers of 1000 as on the disk's box. */
export function size(bytes: number): string {
  let step = 0;
  let value = bytes;
  while (value >= 999.5 && step < SIZES.length - 1) {
    value /= 1000;
    step += 1;
  }
  const digits = value < 10 && step > 0 ? 1 : 0;
  const unit = SIZES[step] ?? 'byte';
  return kept(`b${unit}${digits}`, (l) => {
    return new Intl.NumberFormat(l, { style: 'unit', unit, unitDisplay: 'short', maximumFractionDigits: digits });
  }).format(value);
}

function unit(value: number, name: 'hour' | 'minute' | 'second', display: 'short' | 'narrow' | 'long'): string {
  return kept(`u${name}${display}`, (l) => {
    return new Intl.NumberFormat(l, { style: 'unit', unit: name, unitDisplay: display, maximumFractionDigits: 0 });
  }).format(value);
}

/** How long something is or takes: "1 hr 52 min", "45 min", "30 sec". */
export function duration(ms: number): string {
  const seconds = Math.round(ms / 1000);
  if (seconds < 60) return unit(seconds, 'second', 'short');
  const minutes = Math.round(seconds / 60);
  if (minutes < 60) return unit(minutes, 'minute', 'short');
  const rest = minutes % 60;
  const hours = unit(Math.floor(minutes / 60), 'hour', 'short');
  return rest === 0 ? hours : `${hours} ${unit(rest, 'minute', 'short')}`;
}

/** "21 November 2026"; the text is a date, or a date and a time. */
export function date(iso: string): string {
  // A date alone is that day everywhere, not midnight in London.
  const day = iso.length === 10 ? new Date(`${iso}T12:00:00`) : new Date(iso);
  if (Number.isNaN(day.getTime())) return iso;
  return kept('d', (l) => new Intl.DateTimeFormat(l, { dateStyle: 'long' })).format(day);
}

export function dateTime(iso: string | number): string {
  const moment = new Date(iso);
  if (Number.isNaN(moment.getTime())) return String(iso);
  return kept('dt', (l) => new Intl.DateTimeFormat(l, { dateStyle: 'long', timeStyle: 'short' })).format(moment);
}

/** "20:15", the time of day where the reader is. */
export function clock(at_ms: number): string {
  return kept('c', (l) => new Intl.DateTimeFormat(l, { timeStyle: 'short' })).format(at_ms);
}

/** "November 2026", for the headings of photos. */
export function month(iso: string): string {
  const day = new Date(iso);
  if (Number.isNaN(day.getTime())) return iso;
  return kept('m', (l) => new Intl.DateTimeFormat(l, { month: 'long', year: 'numeric' })).format(day);
}

export function temperature(celsius: number): string {
  return kept('°', (l) => {
    return new Intl.NumberFormat(l, { style: 'unit', unit: 'celsius', maximumFractionDigits: 0 });
  }).format(celsius);
}

export function list(parts: string[]): string {
  return kept('l', (l) => new Intl.ListFormat(l, { type: 'conjunction' })).format(parts);
}
