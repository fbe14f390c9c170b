// Turns an error into a sentence in the reader's language. Never: the English text of the API, unless nothing else is known.
import { ApiError } from '../api/client.ts';
import { duration } from '../words/format.ts';
import { t } from '../words/words.svelte.ts';

/** The sentence for an error of any kind. */
export function sentence(cause: unknown): string {
  if (!(cause instanceof ApiError)) return t.errors.unknown;
  if (cause.status === 429 && cause.retry_after_s) return t.waits.attempts(duration(cause.retry_after_s * 1000));
  const known: Record<string, unknown> = t.errors;
  const said = known[cause.code];
  return typeof said === 'string' ? said : (cause.detail ?? t.errors.unknown);
}

/** The sentence for a file that could not be read. */
export function problemSentence(problem: { code: string; text: string }): string {
  const known: Record<string, unknown> = t.problems.codes;
  const said = known[problem.code];
  return typeof said === 'string' ? said : problem.text;
}

/** The sentence for a reason why a file is not played as it is; `codec` is what the track or the file is. */
export function reasonSentence(reason: { code: string; text: string }, codec: string): string {
  const known: Record<string, unknown> = t.item.reasons;
  const said = known[reason.code];
  return typeof said === 'function' ? (said as (codec: string) => string)(codec) : reason.text;
}
