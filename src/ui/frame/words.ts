// Turns an error into a sentence in the reader's language. Never: the English text of the API, unless nothing else is known.
import { ApiError } from '../api/client.ts';
import { duration } from '../words/format.ts';
import { t } from '../words/words.svelte.ts';

/** The sentence for an error of any kind. */
export function sentence(cause: unknown): string {
  if (!(cause instanceof ApiError)) return t.errors.unknown;
  if (cause.status === 429 && cause.retry_after_s) return t.errors.waitSeconds(duration(cause.retry_after_s * 1000));
  const known: Record<string, unknown> = t.errors;
  const said = known[cause.code];
  return typeof said === 'string' ? said : (cause.detail ?? t.errors.unknown);
}
