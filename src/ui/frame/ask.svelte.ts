// One question with yes and no, for what cannot be undone. Never: two questions at once.

export interface Question {
  title: string;
  text: string;
  /** The word on the button that does it: what happens, never "OK". */
  action: string;
  danger: boolean;
}

let asked = $state.raw<Question | null>(null);
let answer: ((yes: boolean) => void) | null = null;

export const question = {
  get now(): Question | null {
    return asked;
  },
};

/** Asks, and resolves to true only when the reader chose the action. */
export function ask(what: Question): Promise<boolean> {
  reply(false);
  asked = what;
  return new Promise((resolve) => (answer = resolve));
}

export function reply(yes: boolean): void {
  const waiting = answer;
  answer = null;
  asked = null;
  waiting?.(yes);
}
