-- The library: folders, files, what they are, and how far each person has watched them.

CREATE TABLE settings (
    key   TEXT PRIMARY KEY NOT NULL,   -- dotted name, such as 'scan.finished_at_ms'
    value TEXT NOT NULL                -- text form of the value; its reader knows the type
) WITHOUT ROWID;

CREATE TABLE libraries (
    id            INTEGER PRIMARY KEY,
    name          TEXT NOT NULL,       -- shown to people
    kind          TEXT NOT NULL,       -- films, series, music, photos, home_videos, mixed
    path          BLOB NOT NULL UNIQUE,-- absolute folder, bytes as the file system has them
    available     INTEGER NOT NULL,    -- 1 while the folder is there, 0 while its mount is missing
    scanned_at_ms INTEGER,             -- end of the first complete scan, ms since 1970 UTC; NULL before it
    created_at_ms INTEGER NOT NULL     -- ms since 1970 UTC
);

-- Folders that were offered as a library once; they are not offered again after the owner's edits.
CREATE TABLE offered_folders (
    path     BLOB PRIMARY KEY NOT NULL,-- absolute folder
    declined INTEGER NOT NULL          -- 1 after the owner removed the library: its files are left out everywhere
) WITHOUT ROWID;

-- Mount points found below a library's folder: an empty one means a missing disk, not deleted files.
CREATE TABLE mount_points (
    library_id INTEGER NOT NULL REFERENCES libraries (id) ON DELETE CASCADE,
    path       BLOB NOT NULL,          -- folder below the library's folder, without leading slash
    PRIMARY KEY (library_id, path)
) WITHOUT ROWID;

CREATE TABLE files (
    id           INTEGER PRIMARY KEY,
    library_id   INTEGER NOT NULL REFERENCES libraries (id) ON DELETE CASCADE,
    path         BLOB NOT NULL,        -- below the library's folder, bytes as the file system has them
    size_bytes   INTEGER NOT NULL,     -- bytes
    mtime_ns     INTEGER NOT NULL,     -- last change, ns since 1970 UTC
    fingerprint  INTEGER NOT NULL,     -- 64-bit hash of size, first and last block; 0 when it could not be read
    sidecars     INTEGER NOT NULL,     -- 64-bit hash of names, sizes and times of the pictures and texts around it
    format       INTEGER NOT NULL,     -- version of the program's reading of it; older ones are read again
    available    INTEGER NOT NULL,     -- 1 while it can be opened, 0 while its folder or mount is missing
    media        TEXT NOT NULL,        -- video, audio, photo: what its name promises
    info         TEXT,                 -- MediaInfo as JSON; NULL when the probe failed
    duration_ms  INTEGER,              -- ms; NULL when unknown
    grid_state   INTEGER NOT NULL DEFAULT 0, -- 0 not tried, 1 no index in the container, 2 stored, 3 none possible
    grid         BLOB,                 -- SegmentGrid (postcard), made for `fingerprint`
    text_state   INTEGER NOT NULL DEFAULT 0, -- 0 embedded text subtitles not extracted yet, 1 done or impossible
    UNIQUE (library_id, path)
);
CREATE INDEX files_fingerprint ON files (fingerprint);
CREATE INDEX files_grid ON files (grid_state) WHERE grid_state < 2;
CREATE INDEX files_text ON files (text_state) WHERE text_state = 0;

-- What a scan could not read, for people to look at.
CREATE TABLE problems (
    id         INTEGER PRIMARY KEY,
    library_id INTEGER NOT NULL REFERENCES libraries (id) ON DELETE CASCADE,
    path       BLOB NOT NULL,          -- below the library's folder
    code       TEXT NOT NULL,          -- stable word: empty, unreadable, damaged, unknown_format, timed_out, crashed, ...
    text       TEXT NOT NULL,          -- English sentence with the particulars
    file_id    INTEGER REFERENCES files (id) ON DELETE CASCADE, -- NULL for folders and links
    UNIQUE (library_id, path)
);
CREATE UNIQUE INDEX problems_file ON problems (file_id);

CREATE TABLE items (
    id             INTEGER PRIMARY KEY AUTOINCREMENT, -- never reused: addresses and history stay true
    library_id     INTEGER NOT NULL REFERENCES libraries (id) ON DELETE CASCADE,
    kind           TEXT NOT NULL,      -- film, series, season, episode, artist, album, track, photo, home_video
    parent_id      INTEGER REFERENCES items (id) ON DELETE CASCADE, -- season of an episode, series of a season, ...
    top_id         INTEGER REFERENCES items (id) ON DELETE CASCADE, -- series of an episode, artist of a track
    file_id        INTEGER UNIQUE REFERENCES files (id) ON DELETE CASCADE, -- NULL for what only holds others
    group_key      TEXT,               -- identity of what only holds others, unique in its library
    title          TEXT NOT NULL,
    sort_title     TEXT NOT NULL,      -- normalised: no article, no accents, numbers padded
    edition        TEXT,               -- "Director's Cut", "Part 2"; NULL when there is only one
    year           INTEGER NOT NULL,   -- calendar year; 0 when unknown
    season_number  INTEGER,            -- 0 for specials
    episode_number INTEGER,
    episode_end    INTEGER,            -- last episode of a file that holds several
    disc_number    INTEGER,
    track_number   INTEGER,
    number_key     INTEGER NOT NULL,   -- order among its siblings
    artist         TEXT,               -- performer of a track or album
    album_key      TEXT,               -- album artist as tagged, normalised; '' when not tagged, albums only
    added_at_ms    INTEGER NOT NULL,   -- ms since 1970 UTC
    taken_at_ms    INTEGER NOT NULL,   -- when the photo or video was made, local time as ms since 1970; 0 when unknown
    duration_ms    INTEGER,            -- ms
    width          INTEGER,            -- upright size of a photo in pixels; NULL when unknown and for everything else
    height         INTEGER,
    available      INTEGER NOT NULL,   -- 1 while its file, or one below it, can be opened
    child_count    INTEGER NOT NULL DEFAULT 0, -- seasons of a series, episodes of a season, albums, tracks
    leaf_count     INTEGER NOT NULL DEFAULT 0  -- episodes or tracks anywhere below
);
CREATE UNIQUE INDEX items_group ON items (library_id, group_key) WHERE group_key IS NOT NULL;
CREATE INDEX items_title ON items (sort_title, id);
CREATE INDEX items_kind_title ON items (kind, sort_title, id);
CREATE INDEX items_library_title ON items (library_id, kind, sort_title, id);
CREATE INDEX items_added ON items (added_at_ms, id);
CREATE INDEX items_kind_added ON items (kind, added_at_ms, id);
CREATE INDEX items_library_added ON items (library_id, kind, added_at_ms, id);
CREATE INDEX items_kind_year ON items (kind, year, sort_title, id);
CREATE INDEX items_kind_year_down ON items (kind, -year, sort_title, id);
CREATE INDEX items_kind_taken ON items (kind, taken_at_ms, id);
CREATE INDEX items_library_taken ON items (library_id, kind, taken_at_ms, id);
CREATE INDEX items_parent ON items (parent_id, number_key, sort_title, id);
-- Holds all that a search sorts and filters by, so that it need not read the items it drops.
CREATE INDEX items_found ON items (
    id, kind, library_id, sort_title, added_at_ms, year, taken_at_ms, number_key, parent_id
);
CREATE INDEX items_top ON items (top_id, kind, number_key, id);

-- Words of titles and names, normalised; rowid is items.id.
CREATE VIRTUAL TABLE item_search USING fts5 (
    words, content = '', contentless_delete = 1, tokenize = 'unicode61 remove_diacritics 2', prefix = '1 2 3'
);

CREATE TRIGGER items_unsearch AFTER DELETE ON items BEGIN
    DELETE FROM item_search WHERE rowid = old.id;
END;

CREATE TABLE item_details (
    item_id        INTEGER PRIMARY KEY REFERENCES items (id) ON DELETE CASCADE,
    overview       TEXT,
    genres         TEXT NOT NULL,      -- JSON array of strings
    people         TEXT NOT NULL,      -- JSON array of {name, role}
    premiered      TEXT,               -- YYYY-MM-DD
    studio         TEXT
);

CREATE TABLE art (
    item_id    INTEGER NOT NULL REFERENCES items (id) ON DELETE CASCADE,
    kind       TEXT NOT NULL,          -- poster, backdrop
    key        INTEGER NOT NULL,       -- 64-bit hash of the source's identity and version; names the cached pictures
    source     TEXT NOT NULL,          -- file (a picture in the library), cover (embedded), frame (from the film), photo
    library_id INTEGER NOT NULL,       -- library of `path`
    path       BLOB,                   -- picture below the library's folder; NULL unless source is 'file'
    file_id    INTEGER REFERENCES files (id) ON DELETE CASCADE, -- media file of the other sources
    colour     INTEGER,                -- mean colour 0xRRGGBB; NULL before the picture was made
    state      INTEGER NOT NULL,       -- 0 not made yet, 1 made, 2 cannot be made
    lent       INTEGER NOT NULL,       -- 1 when taken over from an item below
    PRIMARY KEY (item_id, kind)
) WITHOUT ROWID;
CREATE INDEX art_key ON art (key);
CREATE INDEX art_waiting ON art (state) WHERE state = 0;
CREATE INDEX art_file ON art (file_id);

CREATE TABLE side_subtitles (
    id         INTEGER PRIMARY KEY,
    file_id    INTEGER NOT NULL REFERENCES files (id) ON DELETE CASCADE, -- the film it belongs to
    path       BLOB NOT NULL,          -- subtitle file below the library's folder
    format     TEXT NOT NULL,          -- srt, ass, webvtt
    language   TEXT,                   -- ISO 639 code from the name
    title      TEXT,                   -- other words of the name
    forced     INTEGER NOT NULL,       -- 1: only foreign speech
    impaired   INTEGER NOT NULL,       -- 1: for the deaf and hard of hearing
    stamp      INTEGER NOT NULL,       -- 64-bit hash of size and time of change; names the cached text
    UNIQUE (file_id, path)
);

-- How far a person has watched. The person's id is that of the table of users; there is no reference,
-- so that the two parts of the schema stay apart.
CREATE TABLE watch (
    user_id      INTEGER NOT NULL,
    item_id      INTEGER NOT NULL REFERENCES items (id) ON DELETE CASCADE,
    position_ms  INTEGER NOT NULL,     -- place to resume at, ms from the start; 0 when there is none
    watched      INTEGER NOT NULL,     -- 1 once seen to its end or marked
    played_at_ms INTEGER NOT NULL,     -- last change, ms since 1970 UTC
    PRIMARY KEY (user_id, item_id)
) WITHOUT ROWID;
CREATE INDEX watch_item ON watch (item_id);
CREATE INDEX watch_recent ON watch (user_id, played_at_ms);

-- History of files that are gone, until the same content turns up again.
CREATE TABLE kept_watch (
    user_id      INTEGER NOT NULL,
    fingerprint  INTEGER NOT NULL,     -- as in files
    size_bytes   INTEGER NOT NULL,     -- bytes
    position_ms  INTEGER NOT NULL,     -- ms from the start
    watched      INTEGER NOT NULL,     -- 1 once seen
    played_at_ms INTEGER NOT NULL,     -- ms since 1970 UTC
    PRIMARY KEY (fingerprint, size_bytes, user_id)
) WITHOUT ROWID;
