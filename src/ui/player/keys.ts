// Which key does what in the player. Never: the doing.

/** What a key asks for. Seconds are relative, fractions are of the whole length. */
export type Command =
  | { do: 'toggle' | 'fullscreen' | 'mute' | 'captions' | 'help' | 'escape' | 'stats' | 'next' | 'picture' }
  | { do: 'skip'; seconds: number }
  | { do: 'volume'; by: number }
  | { do: 'rate'; by: -1 | 1 }
  | { do: 'fraction'; of: number }
  | { do: 'frame'; by: -1 | 1 };

/** The facts of a key press that matter. */
export interface Press {
  key: string;
  shift: boolean;
  /** Ctrl, Alt or Meta held: the browser's own. */
  modified: boolean;
  /** What has the focus: a control keeps the keys that work it. */
  on: 'nothing' | 'button' | 'range' | 'menu' | 'text';
}

const ALWAYS: Record<string, Command> = {
  k: { do: 'toggle' },
  j: { do: 'skip', seconds: -10 },
  l: { do: 'skip', seconds: 10 },
  f: { do: 'fullscreen' },
  m: { do: 'mute' },
  c: { do: 'captions' },
  s: { do: 'stats' },
  p: { do: 'picture' },
  '[': { do: 'rate', by: -1 },
  ']': { do: 'rate', by: 1 },
  ',': { do: 'frame', by: -1 },
  '.': { do: 'frame', by: 1 },
  '?': { do: 'help' },
  Escape: { do: 'escape' },
  MediaPlayPause: { do: 'toggle' },
};

const ARROWS: Record<string, Command> = {
  ArrowLeft: { do: 'skip', seconds: -5 },
  ArrowRight: { do: 'skip', seconds: 5 },
  ArrowUp: { do: 'volume', by: 0.05 },
  ArrowDown: { do: 'volume', by: -0.05 },
};

/** The command of a key press, or null when the key is not the player's. */
export function commandOf(press: Press): Command | null {
  if (press.modified || press.on === 'text') return null;
  const { key } = press;
  if (press.shift && key.toLowerCase() === 'n') return { do: 'next' };
  // In a menu the arrows, digits and Space choose; the letters still play.
  const free = press.on !== 'menu' && press.on !== 'range';
  if (key === ' ' || key === 'Spacebar') return press.on === 'nothing' || press.on === 'range' ? { do: 'toggle' } : null;
  if (free && ARROWS[key]) return ARROWS[key];
  if (free && /^[0-9]$/.test(key)) return { do: 'fraction', of: Number(key) / 10 };
  return ALWAYS[key.length === 1 ? key.toLowerCase() : key] ?? null;
}

/** The speeds on offer, slowest first. */
export const RATES = [0.5, 0.75, 1, 1.25, 1.5, 1.75, 2, 3] as const;

/** The neighbouring speed, or the same at either end. */
export function stepRate(rate: number, by: -1 | 1): number {
  if (by > 0) return RATES.find((offered) => offered > rate + 0.001) ?? rate;
  return [...RATES].reverse().find((offered) => offered < rate - 0.001) ?? rate;
}
