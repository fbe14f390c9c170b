// Keeps work that is asked for again and again at a bearable pace: at once, then once each while. Never: two at the same time.

/** Call it as often as you like; `stop` drops what is still to come. */
export interface Paced {
  (): void;
  stop(): void;
}

// A scan changes items many times a second; nobody reads a list that fast, and a small board would only make lists.
const EVERY_MS = 2_000;

/** Runs `act` at the first call, and once more for all calls made since, `every_ms` later and after it has ended. */
export function paced(act: () => unknown, every_ms = EVERY_MS): Paced {
  let busy = false;
  let again = false;
  let stopped = false;
  let timer: ReturnType<typeof setTimeout> | undefined;

  const run = async (): Promise<void> => {
    busy = true;
    again = false;
    const rest = new Promise<void>((done) => (timer = setTimeout(done, every_ms)));
    await Promise.allSettled([(async () => act())(), rest]);
    busy = false;
    if (again && !stopped) void run();
  };
  const ask = (): void => {
    if (stopped) return;
    if (busy) again = true;
    else void run();
  };
  const stop = (): void => {
    stopped = true;
    clearTimeout(timer);
  };
  return Object.assign(ask, { stop });
}
