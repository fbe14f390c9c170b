// Shows which classes a viewing is told in, and that their bounds are those of the registry. Never: a browser.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { Experience, FIRST_PICTURE_BELOW_MS, STALLS_IN_TEN_HOURS_BELOW } from './experience.ts';

const HOUR_MS = 3_600_000;
const REMUX = { decision: 'remux', wants_experience: true } as const;
const DIRECT = { decision: 'direct_play', wants_experience: true } as const;

function registered(metric: string): [number, string][] {
  const registry = readFileSync('../telemetry/metrics.toml', 'utf8');
  const own = registry.split('[[metric]]').find((text) => text.includes(`\nname = "${metric}"\n`)) ?? '';
  return [...own.matchAll(/name = "(\w+)", label = "[^"]*", below = (\d+)/g)].map(([, name, bound]) => [Number(bound), name ?? '']);
}

test('the bounds are those of the registry', () => {
  assert.deepEqual(FIRST_PICTURE_BELOW_MS, registered('first_segment'));
  assert.deepEqual(STALLS_IN_TEN_HOURS_BELOW, registered('stalls'));
});

test('the wait for the first picture of segments is told as a class', () => {
  const cases: [number, string][] = [
    [0, 'below_500'], [499, 'below_500'], [500, 'below_1000'], [1999, 'below_2000'], [2000, 'below_5000'], [5000, 'above_5000'],
  ];
  for (const [waited, want] of cases) {
    const one = new Experience(1_000);
    one.attached(REMUX);
    one.shown(1_000 + waited);
    one.plays(90_000);
    assert.equal(one.end(100_000)?.first_picture, want, `${waited} ms`);
  }
  const direct = new Experience(0);
  direct.attached(DIRECT);
  direct.plays(700);
  assert.equal(direct.end(2_000)?.first_picture, null);
});

test('waits are told as a share of the time that it played', () => {
  const cases: [number, number, string][] = [
    [0, 1, 'none'], [1, 1, 'below_20'], [1, 10, 'below_20'], [1, 50, 'below_20'], [2, 1, 'above_20'], [38, 20, 'below_20'], [39, 20, 'above_20'], [1, 0.1, 'above_20'],
  ];
  for (const [waits, hours, want] of cases) {
    const one = new Experience(0);
    one.attached(REMUX);
    one.plays(0);
    for (let count = 0; count < waits; count += 1) {
      one.waits();
      one.waits();
      one.plays(count);
    }
    assert.equal(one.end(hours * HOUR_MS)?.stalls, want, `${waits} in ${hours} h`);
  }
});

test('a pause is no time that it played, and what waits before it plays is no stall', () => {
  const one = new Experience(0);
  one.attached(REMUX);
  one.waits();
  one.plays(0);
  one.waits();
  one.pauses(1_000);
  one.waits();
  assert.equal(one.end(1000 * HOUR_MS)?.stalls, 'above_20');
  const never = new Experience(0);
  never.attached(REMUX);
  assert.deepEqual(never.end(5_000), { first_picture: null, stalls: 'unknown' });
});

test('nothing is told unasked, and nothing twice', () => {
  const unasked = new Experience(0);
  unasked.attached({ ...REMUX, wants_experience: false });
  unasked.plays(0);
  assert.equal(unasked.end(1_000), null);
  const once = new Experience(0);
  assert.equal(once.end(0), null);
  once.attached(REMUX);
  assert.notEqual(once.end(1_000), null);
  assert.equal(once.end(2_000), null);
});
