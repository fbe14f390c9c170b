// The values that the API speaks, under the names that the pages use. Never: a value the API does not know.

export type Id = string;

export type ItemKind =
  | 'film'
  | 'series'
  | 'season'
  | 'episode'
  | 'artist'
  | 'album'
  | 'track'
  | 'photo'
  | 'home_video';

export type LibraryKind = 'films' | 'series' | 'music' | 'photos' | 'home_videos' | 'mixed';

export type Aspect = 'poster' | 'wide' | 'square';

export interface Problem {
  code: string;
  text: string;
}

export interface Art {
  poster: string | null;
  backdrop: string | null;
  colour: string | null;
  aspect: Aspect;
}

export interface Progress {
  position_ms: number;
  watched: boolean;
  played_at: string;
}

export interface ItemSummary {
  id: Id;
  kind: ItemKind;
  title: string;
  year: number | null;
  parent_id: Id | null;
  library_id: Id;
  series_title: string | null;
  season_number: number | null;
  episode_number: number | null;
  episode_number_end: number | null;
  track_number: number | null;
  disc_number: number | null;
  artist: string | null;
  album: string | null;
  duration_ms: number | null;
  added_at: string;
  taken_at: string | null;
  available: boolean;
  problem: Problem | null;
  progress: Progress | null;
  child_count: number | null;
  unwatched_count: number | null;
  art: Art;
}

export interface Page {
  items: ItemSummary[];
  next: string | null;
}

export interface Letter {
  letter: string;
  count: number;
  cursor: string;
}

export interface VideoTrack {
  stream: number;
  codec: string;
  width: number;
  height: number;
  frame_rate: number | null;
  bit_depth: number;
  /** `sdr`, `hdr10`, `hlg` or `dolby_vision`. */
  hdr: string;
  interlaced: boolean;
  bit_rate_kbps: number | null;
  language: string | null;
  title: string | null;
  default: boolean;
}

export interface AudioTrack {
  stream: number;
  codec: string;
  channels: number;
  sample_rate_hz: number;
  bit_rate_kbps: number | null;
  language: string | null;
  title: string | null;
  default: boolean;
}

export interface SubtitleTrack {
  id: string;
  codec: string;
  language: string | null;
  title: string | null;
  default: boolean;
  forced: boolean;
  hearing_impaired: boolean;
  external: boolean;
}

export interface Chapter {
  start_ms: number;
  end_ms: number;
  title: string | null;
}

export interface Item extends ItemSummary {
  overview: string | null;
  genres: string[];
  people: { name: string; role: string | null }[];
  premiered: string | null;
  studio: string | null;
  parents: { id: Id; title: string; kind: ItemKind }[];
  tracks: { video: VideoTrack[]; audio: AudioTrack[]; subtitles: SubtitleTrack[] };
  chapters: Chapter[];
  file: {
    name: string;
    size_bytes: number;
    container: string | null;
    bit_rate_kbps: number | null;
    modified_at: string;
  } | null;
  previous: Id | null;
  next: Id | null;
  photo: { width: number; height: number; taken_at: string | null; camera: string | null } | null;
}

export interface Home {
  continue: ItemSummary[];
  next_up: ItemSummary[];
  added: { library: { id: Id; name: string; kind: LibraryKind }; items: ItemSummary[] }[];
}

export interface Library {
  id: Id;
  name: string;
  kind: LibraryKind;
  path: string | null;
  available: boolean;
  item_count: number;
  problem: Problem | null;
}

export interface Folders {
  path: string;
  parent: string | null;
  folders: { name: string; path: string }[];
}

export interface Scan {
  state: 'idle' | 'scanning' | 'finishing';
  phase: string | null;
  done: number;
  total: number;
  rate_per_s: number;
  problems: number;
  started_at: string | null;
  finished_at: string | null;
  eta_s: number | null;
}

export interface FileProblem {
  path: string;
  library_id: Id;
  code: string;
  text: string;
  item_id: Id | null;
}

export interface Board {
  model: string | null;
  arch: string;
  kernel: string | null;
  memory_bytes: number | null;
  memory_available_bytes: number | null;
  cores: number;
  load: number[] | null;
  temperature_c: number | null;
  version: string;
  ffmpeg: string | null;
  sandbox: { no_new_privs: boolean; seccomp: boolean; landlock: boolean } | null;
  uptime_s: number;
  storage: { path: string; total_bytes: number; free_bytes: number }[];
  sessions: number;
}

export type Language = 'en' | 'nl' | 'de';

export interface Me {
  username: string;
  role: 'owner' | 'member';
  language: Language | null;
  version: string;
}

export interface Reason {
  code: string;
  text: string;
  track: 'container' | 'video' | 'audio' | 'subtitles';
}

export interface Playback {
  decision: 'direct_play' | 'remux' | 'transcode';
  reasons: Reason[];
  url: string;
  mime: string;
  expires_at: string;
  duration_ms: number | null;
  resume_ms: number;
  audio: {
    stream: number;
    language: string | null;
    title: string | null;
    channels: number;
    codec: string;
    default: boolean;
  }[];
  subtitles: {
    id: string;
    language: string | null;
    title: string | null;
    forced: boolean;
    hearing_impaired: boolean;
    default: boolean;
    url: string;
    format: string;
  }[];
  chapters: Chapter[];
  next: ItemSummary | null;
  video: { codec: string; width: number; height: number } | null;
}
