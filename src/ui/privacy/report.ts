// Reads what a report says. Never: changes it.

/** The index of the class in a report's bytes; null when they say none. */
export function classOf(bytes: string): number | null {
  try {
    const said = (JSON.parse(bytes) as { class?: unknown }).class;
    return typeof said === 'number' && Number.isInteger(said) ? said : null;
  } catch {
    return null;
  }
}
