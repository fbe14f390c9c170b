// The works that Alcove carries with it, and their licences. Never: tools that only build it.

export const LICENCES: readonly { name: string; licence: string }[] = [
  { name: 'FFmpeg', licence: 'GPL-2.0-or-later' },
  { name: 'SQLite', licence: 'Public domain' },
  { name: 'Tokio, hyper, axum', licence: 'MIT' },
  { name: 'serde, postcard', licence: 'MIT OR Apache-2.0' },
  { name: 'rusqlite', licence: 'MIT' },
  { name: 'rust-ffmpeg', licence: 'WTFPL' },
  { name: 'argon2', licence: 'MIT OR Apache-2.0' },
  { name: 'Svelte', licence: 'MIT' },
  { name: 'hls.js', licence: 'Apache-2.0' },
  { name: 'uPlot', licence: 'MIT' },
];
