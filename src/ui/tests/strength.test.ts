// Easy passwords are called easy, and a sentence of words strong. Never: a real password.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { strength, type Strength } from '../pages/strength.ts';

const cases: [string, string, Strength][] = [
  ['', '', 'short'],
  ['a1!B', '', 'short'],
  ['password', '', 'weak'],
  ['12345678', '', 'weak'],
  ['aaaaaaaaaaaa', '', 'weak'],
  ['Welkom2024', '', 'weak'],
  ['margreet1', 'Margreet', 'weak'],
  ['tulpenveld', '', 'fair'],
  ['Tr4x-miq9v', '', 'good'],
  ['vier groene fietsen dansen', '', 'strong'],
];

for (const [password, name, want] of cases) {
  test(`"${password}" is ${want}`, () => assert.equal(strength(password, name), want));
}
