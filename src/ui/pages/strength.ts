// How hard a password is to guess, roughly and on this device. Never: sent anywhere, and never a rule that a good sentence breaks.

export type Strength = 'short' | 'weak' | 'fair' | 'good' | 'strong';

export const SHORTEST = 8;

// Beginnings that guessing programs try first, in the languages that Alcove speaks.
const COMMON =
  /pass|wort|wacht|geheim|letme|welkom|willkommen|welcome|qwert|azert|asdf|admin|iloveyou|ichliebe|hallo|hello|abc|alcove|monkey|dragon|football|voetbal|fussball|sommer|zomer|summer|winter/gi;

/** Takes out what adds nothing: known words, the name, runs such as 1234 and aaaa. */
function essence(password: string, name: string): string {
  let rest = password.replace(COMMON, '#');
  if (name.length >= 3) rest = rest.toLowerCase().split(name.toLowerCase()).join('#');
  rest = rest.replace(/(.)\1+/g, '$1');
  return rest.replace(/(?:19|20)\d\d/g, '#').replace(/0?123456789|0?12345678|1234567|123456|12345|1234|123|987654321|4321/g, '#');
}

/** Bits of guessing that are left, counting letters, digits and signs as what a person picks them from. */
export function bits(password: string, name = ''): number {
  const rest = essence(password, name);
  let pool = 0;
  if (/\p{Ll}/u.test(rest)) pool += 26;
  if (/\p{Lu}/u.test(rest)) pool += 20;
  if (/\d/.test(rest)) pool += 10;
  if (/[^\p{L}\d]/u.test(rest)) pool += 12;
  const different = new Set(rest).size;
  const length = Math.min(rest.length, different * 2.5);
  // People's letters follow each other in words, so each is worth less than a die's.
  return length * Math.log2(Math.max(2, pool)) * 0.62;
}

export function strength(password: string, name = ''): Strength {
  if ([...password].length < SHORTEST) return 'short';
  const worth = bits(password, name);
  if (worth < 26) return 'weak';
  if (worth < 36) return 'fair';
  return worth < 56 ? 'good' : 'strong';
}
