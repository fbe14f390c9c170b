// Finds out why an address stopped giving bytes. Never: repairs it.
import type { Trouble } from './controller.ts';

const PATIENCE_MS = 8_000;

// The codes of a MediaError, which the tests know nothing of.
const NETWORK = 2;
const DECODE = 3;

/** What an element's error means: bytes that broke off are the network's fault even when the box answers again by now. */
export async function elementTrouble(code: number, url: string, ask: typeof fetch = fetch): Promise<Trouble> {
  if (code === DECODE) return { kind: 'media' };
  const found = await diagnose(url, ask);
  if (found) return found;
  return code === NETWORK ? { kind: 'network', status: 0 } : { kind: 'media' };
}

/** Asks the address for its head: a refusal or silence is trouble of the network; null when the address is well. */
export async function diagnose(url: string, ask: typeof fetch = fetch): Promise<Trouble | null> {
  const limit = new AbortController();
  const timer = setTimeout(() => limit.abort(), PATIENCE_MS);
  try {
    const response = await ask(url, { method: 'HEAD', cache: 'no-store', signal: limit.signal });
    if (response.ok) return null;
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
