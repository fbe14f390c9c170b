// The words about privacy follow from what the box says holds. Never: a state without words.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Consent, ConsentInForce, ConsentSwitches } from '../api/types.ts';
import { bySource, usual } from '../privacy/performance.ts';
import { classOf } from '../privacy/report.ts';
import { holds, isHeldBack, switchesIn } from '../privacy/state.ts';

function switches(...on: (keyof ConsentSwitches)[]): ConsentSwitches {
  return {
    playback_statistics: on.includes('playback_statistics'),
    crash_reports: on.includes('crash_reports'),
    release_news: on.includes('release_news'),
  };
}

function consent(in_force: ConsentInForce, more: Partial<Consent> = {}): Consent {
  return {
    ...in_force,
    in_force,
    reasons: [],
    do_not_track: false,
    writable: true,
    answered_week: '2026-W47',
    registry_version: 1,
    answered_registry_version: 1,
    asks_again: false,
    collector: false,
    news: false,
    ...more,
  };
}

const cases: [string, Consent, ReturnType<typeof holds>][] = [
  ['undecided', consent({ mode: 'undecided', switches: switches() }), { state: 'nothing', kinds: [], can_leave: false }],
  ['off', consent({ mode: 'off', switches: switches() }), { state: 'nothing', kinds: [], can_leave: false }],
  ['local without a switch', consent({ mode: 'local', switches: switches() }), { state: 'nothing', kinds: [], can_leave: false }],
  ['local with news alone', consent({ mode: 'local', switches: switches('release_news') }), { state: 'nothing', kinds: [], can_leave: false }],
  [
    'local with statistics',
    consent({ mode: 'local', switches: switches('playback_statistics') }),
    { state: 'local', kinds: ['playback_statistics'], can_leave: false },
  ],
  ['share without a switch', consent({ mode: 'share', switches: switches() }), { state: 'nothing', kinds: [], can_leave: false }],
  [
    'share without a collector',
    consent({ mode: 'share', switches: switches('playback_statistics', 'crash_reports') }, { news: true }),
    { state: 'share', kinds: ['playback_statistics', 'crash_reports'], can_leave: false },
  ],
  [
    'share with news to fetch',
    consent({ mode: 'share', switches: switches('playback_statistics', 'release_news') }, { news: true }),
    { state: 'share', kinds: ['playback_statistics', 'release_news'], can_leave: true },
  ],
  [
    'share with a collector',
    consent({ mode: 'share', switches: switches('playback_statistics') }, { collector: true }),
    { state: 'share', kinds: ['playback_statistics'], can_leave: true },
  ],
  [
    'share that is held back counts as what is in force',
    consent({ mode: 'off', switches: switches() }, { mode: 'share', switches: switches('playback_statistics'), collector: true }),
    { state: 'nothing', kinds: [], can_leave: false },
  ],
];

for (const [name, given, want] of cases) {
  test(`the chip for: ${name}`, () => assert.deepEqual(holds(given), want));
}

test('an answer is held back only where less is in force than stored', () => {
  const stored = { mode: 'share', switches: switches('playback_statistics') } as const;
  assert.equal(isHeldBack(consent(stored)), false);
  assert.equal(isHeldBack(consent({ mode: 'off', switches: switches() }, stored)), true);
  assert.equal(isHeldBack(consent({ mode: 'undecided', switches: switches() })), false);
});

test('switches go off with the mode that has no use for them', () => {
  const all = switches('playback_statistics', 'crash_reports', 'release_news');
  assert.deepEqual(switchesIn('off', all), switches());
  assert.deepEqual(switchesIn('local', all), switches('playback_statistics', 'crash_reports'));
  assert.deepEqual(switchesIn('share', all), all);
});

test('a report says its class, also where it is padded', () => {
  assert.equal(classOf('{"registry":1,"week":"2026-W47","metric":"h264_on_board","class": 2}'), 2);
  for (const nonsense of ['', '{}', '{"class":"2"}', '{"class":1.5}']) assert.equal(classOf(nonsense), null, nonsense);
});

test('speeds are added up over the weeks, the most used first', () => {
  const row = (week: string, video_codec: string, factor: number[]) => ({ week, video_codec, backend: 'software', factor });
  const sources = bySource({
    rows: [
      row('2026-W46', 'h264', [9, 0, 0, 0, 1, 0, 5]),
      row('2026-W46', 'hevc', [0, 3, 1, 0, 0, 0, 0]),
      row('2026-W47', 'hevc', [0, 0, 2, 0, 0, 0, 0]),
      row('2026-W47', 'other', [4, 0, 0, 0, 0, 0, 4]),
    ],
    temperature: [],
    throttling: [],
  });
  assert.deepEqual(
    sources.map((each) => [each.video_codec, each.counts, usual(each)]),
    [
      ['hevc', [3, 3, 0, 0, 0], 'below_500'],
      ['h264', [0, 0, 0, 1, 0], 'below_2000'],
    ],
  );
});
