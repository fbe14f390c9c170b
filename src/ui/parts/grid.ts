// The arithmetic of a windowed grid: columns, rows, and which items are in sight. Never: the page itself.

export interface Shape {
  /** Width that is there for tiles. */
  width_px: number;
  /** Smallest width of a tile. */
  tile_px: number;
  gap_px: number;
  /** Height of a tile's picture for a width of 1. */
  ratio: number;
  /** Height of the words below the picture. */
  words_px: number;
}

export interface Layout {
  columns: number;
  column_px: number;
  /** From the top of one row to the top of the next. */
  row_px: number;
}

export function layout(shape: Shape): Layout {
  const { width_px, tile_px, gap_px } = shape;
  const columns = Math.max(1, Math.floor((width_px + gap_px) / (tile_px + gap_px)));
  const column_px = Math.max(0, (width_px - gap_px * (columns - 1)) / columns);
  return { columns, column_px, row_px: column_px * shape.ratio + shape.words_px + gap_px };
}

/** The items [from, to) that are near the window, given where the grid's top is in it. */
export function inSight(
  grid: Layout,
  count: number,
  top_px: number,
  window_px: number,
  spare_rows: number,
): { from: number; to: number } {
  const rows = Math.ceil(count / grid.columns);
  const first = Math.max(0, Math.floor(-top_px / grid.row_px) - spare_rows);
  const last = Math.min(rows, Math.ceil((window_px - top_px) / grid.row_px) + spare_rows);
  return { from: Math.min(count, first * grid.columns), to: Math.max(0, Math.min(count, last * grid.columns)) };
}
