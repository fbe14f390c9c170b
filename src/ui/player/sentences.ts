// Says in the reader's language why something is converted and why something failed. Never: the API's English where we know better.
import type { Item } from '../api/types.ts';
import { reasonSentence } from '../frame/words.ts';
import { subjectOf } from '../parts/tracks.ts';
import { t } from '../words/words.svelte.ts';
import type { Failure } from './controller.ts';
import type { Playback } from './reply.ts';

/** How it is played and why, each thing once. */
export function whySentences(playback: Playback, item: Item | null): string[] {
  const reasons = playback.reasons.map((reason) => reasonSentence(reason, item ? subjectOf(reason, item) : ''));
  return [t.player.ways[playback.decision], ...new Set(reasons)];
}

/** What a failure means, and what helps. */
export function failureSentence(failure: Failure): string {
  const known: Record<string, string> = t.player.failures;
  return known[failure.code] ?? (failure.detail || t.player.failures.other);
}
