// Finds out why an address stopped giving bytes. Never: repairs it.
import type { Trouble } from './controller.ts';

const PATIENCE_MS = 8_000;

/** Asks the address for its head: a refusal or silence is trouble of the network, a good answer means the media itself is. */
export async function diagnose(url: string, ask: typeof fetch = fetch): Promise<Trouble> {
  const limit = new AbortController();
  const timer = setTimeout(() => limit.abort(), PATIENCE_MS);
  try {
    const response = await ask(url, { method: 'HEAD', cache: 'no-store', signal: limit.signal });
    if (response.ok) return { kind: 'media' };
    return { kind: 'network', status: response.status, retry_after_s: waitOf(response.headers.get('retry-after')) };
  } catch {
    return { kind: 'network', status: 0 };
  } finally {
    clearTimeout(timer);
  }
}

/** Seconds in a Retry-After header; undefined for dates and nonsense. */
export function waitOf(header: string | null | undefined): number | undefined {
  const seconds = Number(header);
  return header && Number.isFinite(seconds) && seconds > 0 ? seconds : undefined;
}
