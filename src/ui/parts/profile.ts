// What this browser can play, for an item: the player's own answer. Never: a guess made here.
import type { Item, PlaybackRequest } from '../api/types.ts';
import { browserPlatform, generalProfile, profileFor } from '../player/capabilities.ts';
import { playsSegments } from '../player/engine.ts';

export async function profileOf(item: Item): Promise<PlaybackRequest> {
  const platform = browserPlatform();
  return profileFor(platform, generalProfile(platform, playsSegments()), item.tracks.video[0]);
}
