// What one attempt to play asks the server for, and how the next attempt differs after a failure. Never: network or elements; plain values in, plain values out.

import type { Profile } from './capabilities.ts';

/** The body of `POST items/{id}/playback`. */
export interface Wish extends Profile {
  max_height?: number;
  max_bit_rate_kbps?: number;
  /** What the viewer chose; `max_height` is what the player takes. */
  quality_max_height?: number;
  audio_stream?: number;
}

/** What the viewer chose in the menus. */
export interface Choices {
  max_height?: number | undefined;
  audio_stream?: number | undefined;
}

/** What failed: the decision that was being played and the codecs in it. */
export interface Failed {
  decision: 'direct_play' | 'remux' | 'transcode';
  video?: string | undefined;
  audio?: string | undefined;
  height?: number | undefined;
}

/** What this browser turned out not to play, although it said it would. */
export interface Refused {
  containers: boolean;
  video: string[];
  audio: string[];
  max_height?: number | undefined;
}

export const NOTHING_REFUSED: Refused = { containers: false, video: [], audio: [] };

/** The wish made of what the browser says, what it turned out to refuse and what the viewer chose. */
export function wishOf(profile: Profile, refused: Refused, choices: Choices): Wish {
  const wish: Wish = {
    ...profile,
    containers: refused.containers ? [] : profile.containers,
    video_codecs: profile.video_codecs.filter((name) => !refused.video.includes(name)),
    audio_codecs: profile.audio_codecs.filter((name) => !refused.audio.includes(name)),
  };
  if (refused.max_height !== undefined) wish.max_height = refused.max_height;
  if (choices.max_height !== undefined) wish.quality_max_height = choices.max_height;
  if (choices.audio_stream !== undefined) wish.audio_stream = choices.audio_stream;
  return wish;
}

/**
 * What to leave out after `failed`; null when there is nothing left to try. A direct play that fails is
 * asked for again as segments without its codec; a remux that fails becomes a conversion;
 * a conversion that fails is the end.
 */
export function refuse(refused: Refused, failed: Failed): Refused | null {
  if (failed.decision === 'transcode') return null;
  const next: Refused = { ...refused, containers: true };
  if (failed.video && failed.video !== 'h264') next.video = add(refused.video, failed.video);
  if (failed.audio && failed.audio !== 'aac') next.audio = add(refused.audio, failed.audio);
  const again = failed.decision === 'remux' || refused.containers;
  // H.264 must stay, it is what conversions are made into; one rung less forces a conversion.
  if (again && failed.video === 'h264') next.max_height = below(failed.height ?? 720);
  return same(next, refused) ? null : next;
}

/** Heights offered in the quality menu for a picture of `height` lines, highest first, itself excluded. */
export function heightsBelow(height: number): number[] {
  return RUNGS.filter((rung) => rung < height);
}

const RUNGS = [2160, 1440, 1080, 720, 480, 360, 240];

function below(height: number): number {
  return heightsBelow(height)[0] ?? Math.max(2, height - 2);
}

function add(list: string[], name: string): string[] {
  return list.includes(name) ? list : [...list, name];
}

function same(a: Refused, b: Refused): boolean {
  return (
    a.containers === b.containers &&
    a.video.length === b.video.length &&
    a.audio.length === b.audio.length &&
    a.max_height === b.max_height
  );
}
