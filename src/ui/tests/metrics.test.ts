// Every metric and every answer of the registry has its words in Dutch and German. Never: a list of metrics of its own.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import registry from '../../telemetry/metrics.toml?raw';
import { metrics as de } from '../words/metrics.de.ts';
import { metrics as nl } from '../words/metrics.nl.ts';
import type { MetricTexts } from '../words/metrics.svelte.ts';

interface Declared {
  name: string;
  kind: string;
  /** Has words of its own for "there was nothing". */
  nothing: string | null;
  classes: string[];
  /** Of a composite: the names of groups, and the metrics that are joined whole. */
  groups: string[];
  whole: string[];
  /** Words of the answers that several are folded into. */
  folded: string[];
}

function all(text: string, pattern: RegExp): string[] {
  return [...text.matchAll(pattern)].map(([, name]) => name ?? '');
}

const declared: Declared[] = registry
  .split(/^\[\[metric\]\]$/m)
  .slice(1)
  .map((block) => {
    const [head = '', axes = ''] = block.split(/^axes = /m);
    const [joined = '', folds = ''] = axes.split(/^fold = /m);
    const groups = joined.split('{ metric = ').slice(1).map((axis) => all(axis, /\{ name = "(\w+)", label/g));
    return {
      name: /^name = "(\w+)"$/m.exec(head)?.[1] ?? '',
      kind: /^kind = "(\w+)"$/m.exec(head)?.[1] ?? '',
      nothing: /^nothing = "(.*)"$/m.exec(head)?.[1] ?? null,
      classes: all(head, /\{ name = "(\w+)", label/g),
      // An axis of one group is a condition: it stands in the question, not in the answers.
      groups: groups.filter((names) => names.length > 1).flat(),
      folded: all(folds, /into = "([\w/]+)"/g).flatMap((name) => name.split('/')),
      whole: all(joined, /\{ metric = "(\w+)" \}/g),
    };
  });

test('the registry was read: every metric has answers', () => {
  assert.ok(declared.length >= 20);
  for (const each of declared) assert.ok(each.classes.length + each.groups.length >= 2, each.name);
});

function missing(texts: MetricTexts): string[] {
  return declared.flatMap((metric) => {
    const words = texts.metrics[metric.name];
    if (!words?.question || !words.example || !words.note) return [metric.name];
    const lacking = metric.classes.filter((name) => !words.classes[name]);
    // A composite asks about one kind of file, so "nothing was played" would not be true.
    if (metric.kind === 'composite' && !words.classes.nothing) lacking.push('nothing');
    const whole = metric.whole.flatMap((name) => declared.find((each) => each.name === name)?.classes ?? []);
    const parts = [...metric.groups, ...whole, ...metric.folded].filter((name) => !texts.parts[name]);
    return [...lacking, ...parts].map((name) => `${metric.name}.${name}`);
  });
}

function spare(texts: MetricTexts): string[] {
  return Object.entries(texts.metrics).flatMap(([name, words]) => {
    const metric = declared.find((each) => each.name === name);
    if (!metric) return [name];
    const known = [...metric.classes, ...(metric.nothing === null ? [] : ['nothing'])];
    return Object.keys(words.classes).filter((each) => !known.includes(each)).map((each) => `${name}.${each}`);
  });
}

for (const [language, texts] of Object.entries({ nl, de })) {
  test(`${language} has words for every metric and answer`, () => assert.deepEqual(missing(texts), []));
  test(`${language} has words for nothing else`, () => assert.deepEqual(spare(texts), []));
}
