// Looks of the plots: the page's colours, axes and bars. Never: the figures themselves.
import uPlot from 'uplot';

export interface Colours {
  text: string;
  muted: string;
  line: string;
  accent: string;
  soft: string;
}

const FONT = '12px system-ui, sans-serif';

/** The colours that the page has now, light or dark. */
export function colours(): Colours {
  const style = getComputedStyle(document.documentElement);
  const of = (name: string) => style.getPropertyValue(name).trim();
  return { text: of('--text'), muted: of('--muted'), line: of('--line'), accent: of('--accent'), soft: of('--accent-soft') };
}

type Look = Omit<uPlot.Options, 'width' | 'height'>;

function axis(look: Colours): uPlot.Axis {
  return {
    stroke: look.muted,
    font: FONT,
    grid: { stroke: look.line, width: 1 },
    ticks: { show: false },
  };
}

const QUIET: Pick<Look, 'legend' | 'cursor'> = { legend: { show: false }, cursor: { show: false } };

/** One bar for each name; the data are places from 0 on, and counts. */
export function bars(names: string[], look: Colours): Look {
  return {
    ...QUIET,
    padding: [8, 8, 0, 0],
    scales: {
      x: { time: false, range: [-0.6, names.length - 0.4] },
      y: { range: (_, __, most) => [0, Math.max(1, most * 1.1)] },
    },
    axes: [
      {
        ...axis(look),
        size: 28,
        grid: { show: false },
        splits: names.map((_, at) => at),
        values: (_, places) => places.map((at) => names[at] ?? ''),
      },
      { ...axis(look), size: 40, space: 24, incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 5000, 10_000] },
    ],
    series: [
      {},
      {
        stroke: look.accent,
        fill: look.soft,
        width: 1,
        points: { show: false },
        paths: uPlot.paths.bars?.({ size: [0.7, 48] }),
      },
    ],
  };
}

/** A line over time; the data are seconds since 1970, and values that `say` writes. */
export function line(say: (value: number) => string, clock: (at_s: number) => string, look: Colours): Look {
  return {
    ...QUIET,
    padding: [8, 16, 0, 0],
    scales: { x: { time: true }, y: { range: (_, least, most) => [Math.floor(least - 2), Math.ceil(most + 2)] } },
    axes: [
      { ...axis(look), values: (_, moments) => moments.map(clock), size: 28, space: 72 },
      { ...axis(look), values: (_, values) => values.map(say), size: 56 },
    ],
    series: [{}, { stroke: look.accent, width: 2, points: { show: false } }],
  };
}

/** Two states over time; the data are seconds since 1970, and 0 or 1 for the place in `names`. */
export function steps(names: [string, string], clock: (at_s: number) => string, look: Colours): Look {
  const plain = line((value) => names[value] ?? '', clock, look);
  const [, y] = plain.axes ?? [];
  return {
    ...plain,
    scales: { x: { time: true }, y: { range: [-0.3, 1.3] } },
    axes: [plain.axes?.[0] ?? {}, { ...y, splits: [0, 1], size: 104 }],
    series: [{}, { stroke: look.accent, width: 2, points: { show: false }, paths: uPlot.paths.stepped?.({ align: 1 }) }],
  };
}
