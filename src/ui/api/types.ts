// Short names for the API's values, as the generated schema describes them. Never: a value the API does not know.
import type { components } from './schema.d.ts';

type Schemas = components['schemas'];

export type Aspect = Schemas['Aspect'];
export type AudioTrack = Schemas['AudioTrack'];
export type Board = Schemas['Board'];
export type Chapter = Schemas['Chapter'];
export type ExperienceRequest = Schemas['ExperienceRequest'];
export type FileProblem = Schemas['FileProblem'];
export type Folders = Schemas['Folders'];
export type Home = Schemas['Home'];
export type Id = Schemas['Id'];
export type Item = Schemas['Item'];
export type ItemKind = Schemas['ItemKind'];
export type ItemPage = Schemas['ItemPage'];
export type ItemSummary = Schemas['ItemSummary'];
export type Language = Schemas['Language'];
export type Letter = Schemas['Letter'];
export type Library = Schemas['Library'];
export type LibraryKind = Schemas['LibraryKind'];
export type Me = Schemas['Me'];
export type Playback = Schemas['Playback'];
export type PlaybackRequest = Schemas['PlaybackRequest'];
export type Reason = Schemas['Reason'];
export type Scan = Schemas['Scan'];
export type SubtitleTrack = Schemas['SubtitleTrack'];
export type VideoTrack = Schemas['VideoTrack'];
