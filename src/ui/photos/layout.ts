// Lays photos out in justified rows below month headings, and finds the rows in sight. Never: elements or network.

/** What the layout needs to know of a photo. */
export interface Pictured {
  /** Width over height. */
  ratio: number;
  /** The month it belongs to, "2024-07", or "" when nobody knows. */
  month: string;
}

export interface Cell {
  /** Index of the photo in the list that was laid out. */
  index: number;
  left: number;
  width: number;
}

/** A heading or a row of photos. Rows and headings are in order from the top. */
export interface Band {
  kind: 'month' | 'row';
  month: string;
  top: number;
  height: number;
  cells: Cell[];
}

export interface Layout {
  bands: Band[];
  height: number;
}

export interface Measures {
  width: number;
  /** Height a row tries to have. */
  row: number;
  gap: number;
  heading: number;
}

// A photo is never shown narrower than a strip or wider than a banner.
const NARROWEST = 0.4;
const WIDEST = 3.2;

/** Lays out all photos. 10,000 of them take a few milliseconds, so it is made anew on every change of width. */
export function layOut(photos: readonly Pictured[], measures: Measures): Layout {
  const bands: Band[] = [];
  let top = 0;
  let from = 0;
  while (from < photos.length) {
    const month = photos[from]?.month ?? '';
    let to = from;
    while (to < photos.length && photos[to]?.month === month) to += 1;
    bands.push({ kind: 'month', month, top, height: measures.heading, cells: [] });
    top += measures.heading;
    top = rows(photos, from, to, month, top, measures, bands);
    from = to;
  }
  return { bands, height: top };
}

function rows(photos: readonly Pictured[], from: number, to: number, month: string, start: number, measures: Measures, bands: Band[]): number {
  const { width, row, gap } = measures;
  let top = start;
  let first = from;
  let ratios = 0;
  for (let index = from; index < to; index += 1) {
    ratios += shown(photos[index]);
    const count = index - first + 1;
    const fitting = (width - gap * (count - 1)) / ratios;
    const last = index === to - 1;
    if (fitting > row && !last) continue;
    // A last row that is not full keeps the usual height instead of being blown up.
    const height = Math.round(Math.max(1, last ? Math.min(fitting, row * 1.15) : fitting));
    bands.push({ kind: 'row', month, top, height, cells: cells(photos, first, index, height, fitting <= row * 1.15 ? width : null, gap) });
    top += height + gap;
    first = index + 1;
    ratios = 0;
  }
  return top;
}

function cells(photos: readonly Pictured[], first: number, last: number, height: number, full: number | null, gap: number): Cell[] {
  const made: Cell[] = [];
  let left = 0;
  for (let index = first; index <= last; index += 1) {
    let width = Math.round(shown(photos[index]) * height);
    // Rounding is made up for in the last cell, so that the right edge is straight.
    if (full !== null && index === last) width = Math.max(1, full - left);
    made.push({ index, left, width });
    left += width + gap;
  }
  return made;
}

function shown(photo: Pictured | undefined): number {
  const ratio = photo && photo.ratio > 0 && Number.isFinite(photo.ratio) ? photo.ratio : 1.5;
  return Math.min(WIDEST, Math.max(NARROWEST, ratio));
}

/** The bands between `top` and `bottom`, by binary search. */
export function bandsBetween(layout: Layout, top: number, bottom: number): Band[] {
  const { bands } = layout;
  let low = 0;
  let high = bands.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    const band = bands[middle];
    if (band && band.top + band.height < top) low = middle + 1;
    else high = middle;
  }
  const inSight: Band[] = [];
  for (let i = low; i < bands.length; i += 1) {
    const band = bands[i];
    if (!band || band.top > bottom) break;
    inSight.push(band);
  }
  return inSight;
}

/** The band that holds the photo `index`. */
export function bandOf(layout: Layout, index: number): Band | undefined {
  let low = 0;
  let high = layout.bands.length - 1;
  while (low <= high) {
    let middle = (low + high) >> 1;
    let band = layout.bands[middle];
    if (band?.kind === 'month') band = layout.bands[(middle += 1)];
    const first = band?.cells[0]?.index;
    const last = band?.cells.at(-1)?.index;
    if (first === undefined || last === undefined) return undefined;
    if (index < first) high = ((low + high) >> 1) - 1;
    else if (index > last) low = middle + 1;
    else return band;
  }
  return undefined;
}
