// What holds now, in few words: whether anything is kept, and whether any of it may leave. Never: a guess while the answer is unknown.
import type { Consent, ConsentChoice, ConsentSwitches } from '../api/types.ts';

export type Kind = keyof ConsentSwitches;

export const KINDS: readonly Kind[] = ['playback_statistics', 'crash_reports', 'release_news'];

export const NO_SWITCHES: ConsentSwitches = { playback_statistics: false, crash_reports: false, release_news: false };

/** What the chip says: the mode in force, and what of it has an effect. */
export interface Holds {
  state: 'nothing' | 'local' | 'share';
  kinds: Kind[];
  /** Only with `share`: false while this build has nowhere to send to or fetch from. */
  can_leave: boolean;
}

export function holds(consent: Consent): Holds {
  const { mode, switches } = consent.in_force;
  const on = KINDS.filter((kind) => switches[kind]);
  if (mode === 'share' && on.length > 0) {
    const can_leave = on.some((kind) => (kind === 'release_news' ? consent.news : consent.collector));
    return { state: 'share', kinds: on, can_leave };
  }
  // News are fetched, never kept: alone they have no effect where nothing may be contacted.
  const kept = on.filter((kind) => kind !== 'release_news');
  if (mode === 'local' && kept.length > 0) return { state: 'local', kinds: kept, can_leave: false };
  return { state: 'nothing', kinds: [], can_leave: false };
}

/** The switches that can be on in a mode: none without collecting, and no fetching where nothing leaves. */
export function switchesIn(mode: ConsentChoice, wanted: ConsentSwitches): ConsentSwitches {
  if (mode === 'off') return NO_SWITCHES;
  return mode === 'local' ? { ...wanted, release_news: false } : wanted;
}

/** True where less is collected than the stored answer would allow. */
export function isHeldBack(consent: Consent): boolean {
  const less = KINDS.some((kind) => consent.switches[kind] && !consent.in_force.switches[kind]);
  return less || (consent.mode !== consent.in_force.mode && consent.mode !== 'undecided' && consent.mode !== 'off');
}
