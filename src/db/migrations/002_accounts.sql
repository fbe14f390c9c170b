-- People and their sessions.

CREATE TABLE users (
    id            INTEGER PRIMARY KEY,
    -- As written when it was made.
    name          TEXT NOT NULL,
    -- Folded for comparison, so that no two names differ in case alone.
    name_key      TEXT NOT NULL UNIQUE,
    -- PHC string of argon2id.
    password_hash TEXT NOT NULL,
    -- 'owner' or 'member'.
    role          TEXT NOT NULL,
    -- Of the web interface: 'en', 'nl', 'de'; NULL until chosen.
    language      TEXT,
    -- Milliseconds since 1970-01-01 UTC.
    created_at_ms INTEGER NOT NULL
) STRICT;

CREATE TABLE sessions (
    -- Never used again, so that an old ticket cannot name a new session.
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    user_id       INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    -- SHA-256 of the token; the token itself is kept by the client alone.
    token_hash    BLOB NOT NULL UNIQUE,
    -- Milliseconds since 1970-01-01 UTC.
    created_at_ms INTEGER NOT NULL,
    expires_at_ms INTEGER NOT NULL
) STRICT;

CREATE INDEX sessions_user ON sessions (user_id);
