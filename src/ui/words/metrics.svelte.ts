// What the registry asks, in the reader's language: its own English, or a translation by key. Never: a metric that it does not have.
import type { KeptTable, Language, Metric, MetricClass } from '../api/types.ts';

/** One metric in another language; the classes by name, `nothing` included where it has words of its own. */
export interface MetricText {
  question: string;
  example: string;
  note: string;
  classes: Readonly<Record<string, string>>;
}

/** One table in another language; the columns by name. */
export interface TableText {
  question: string;
  note: string;
  columns: Readonly<Record<string, string>>;
}

/** A language's translation of the registry. A composite's answers are put together from `parts`. */
export interface MetricTexts {
  nothing: string;
  parts: Readonly<Record<string, string>>;
  metrics: Readonly<Record<string, MetricText>>;
  tables: Readonly<Record<string, TableText>>;
}

/** A metric as the page shows it. */
export interface SaidMetric {
  question: string;
  example: string;
  note: string;
  /** By the index of the class. */
  labels: string[];
}

/** A table as the page shows it. */
export interface SaidTable {
  question: string;
  note: string;
  /** In the order of the columns. */
  columns: string[];
}

const LOADERS: Partial<Record<Language, () => Promise<MetricTexts>>> = {
  nl: async () => (await import('./metrics.nl.ts')).metrics,
  de: async () => (await import('./metrics.de.ts')).metrics,
};

let texts = $state.raw<MetricTexts | null>(null);

/** Loads the translation; until it is there, and where a newer box asks something new, the registry's English is shown. */
export async function speakMetrics(language: Language): Promise<void> {
  texts = (await LOADERS[language]?.().catch(() => null)) ?? null;
}

/** The words of a class of a composite: `rpi4/too_slow` is "Raspberry Pi 4, too slow". */
function joined(name: string, known: MetricTexts): string | null {
  const parts = name.split('/').map((part) => known.parts[part]);
  return parts.every((part) => part !== undefined) ? parts.join(', ') : null;
}

export function classWords(metric: Metric, one: MetricClass, known: MetricTexts | null): string {
  if (!known) return one.label;
  const own = known.metrics[metric.name]?.classes[one.name];
  if (own !== undefined) return own;
  if (one.name === 'nothing') return known.nothing;
  return (metric.kind === 'composite' ? joined(one.name, known) : null) ?? one.label;
}

export function metricWords(metric: Metric): SaidMetric {
  const known = texts?.metrics[metric.name];
  // The registry's examples begin with the name of the class, which is of no use to a reader.
  const example = known?.example ?? metric.example.replace(/^[\w/]+: /, '');
  return {
    question: known?.question ?? metric.question,
    example: example.charAt(0).toLocaleUpperCase() + example.slice(1),
    note: known?.note ?? metric.note.replace(/`([^`]*)`/g, '“$1”'),
    labels: metric.classes.map((each) => classWords(metric, each, texts)),
  };
}

export function tableWords(table: KeptTable): SaidTable {
  const known = texts?.tables[table.name];
  return {
    question: known?.question ?? table.question,
    note: known?.note ?? table.note,
    columns: table.columns.map((each) => known?.columns[each.name] ?? each.label),
  };
}
