// Where a photo is when it is enlarged and moved. Never: elements or events.

/** How a photo that fits its window is enlarged: times `scale` around the middle, then moved by `x` and `y` pixels. */
export interface Zoom {
  scale: number;
  x: number;
  y: number;
}

export interface Size {
  width: number;
  height: number;
}

export const WHOLE: Zoom = { scale: 1, x: 0, y: 0 };
export const MOST = 8;

/** The size of a picture that fits into a window, never larger than four times its own. */
export function fitted(picture: Size, room: Size): Size {
  if (picture.width <= 0 || picture.height <= 0) return { width: 0, height: 0 };
  const scale = Math.min(room.width / picture.width, room.height / picture.height, 4);
  return { width: picture.width * scale, height: picture.height * scale };
}

/** Keeps the picture's edges from leaving the window's edges behind. */
export function held(zoom: Zoom, picture: Size, room: Size): Zoom {
  const scale = Math.min(MOST, Math.max(1, zoom.scale));
  const free = (length: number, space: number): number => Math.max(0, (length * scale - space) / 2);
  const fit = fitted(picture, room);
  const clamp = (value: number, most: number): number => (most === 0 ? 0 : Math.min(most, Math.max(-most, value)));
  return { scale, x: clamp(zoom.x, free(fit.width, room.width)), y: clamp(zoom.y, free(fit.height, room.height)) };
}

/** Enlarges by `factor` so that the spot at `x`, `y` (from the window's middle) stays under the finger. */
export function zoomedAt(zoom: Zoom, factor: number, x: number, y: number, picture: Size, room: Size): Zoom {
  const scale = Math.min(MOST, Math.max(1, zoom.scale * factor));
  const real = scale / zoom.scale;
  return held({ scale, x: x - (x - zoom.x) * real, y: y - (y - zoom.y) * real }, picture, room);
}

/** What a finger meant that moved by `dx` and `dy` in `ms` over a whole photo. */
export function swipe(dx: number, dy: number, ms: number, width: number): 'previous' | 'next' | 'leave' | null {
  const fast = ms < 300;
  const far = Math.abs(dx) > width * 0.25 || (fast && Math.abs(dx) > 40);
  if (far && Math.abs(dx) > Math.abs(dy) * 1.2) return dx > 0 ? 'previous' : 'next';
  if (dy > 110 && dy > Math.abs(dx) * 1.5) return 'leave';
  return null;
}
