// Turns what a request threw into a refusal that the controller understands. Never: decides what follows from it.
import { ApiError } from '../api/client.ts';
import type { Refusal } from './controller.ts';

/** Status 0 for no connection; what is no answer of the box at all counts as its trouble. */
export function refusalOf(error: unknown): Refusal {
  if (error instanceof ApiError) {
    return { status: error.status, code: error.code, detail: error.detail ?? '', retry_after_s: error.retry_after_s ?? undefined };
  }
  return { status: 500, code: 'other', detail: '' };
}
