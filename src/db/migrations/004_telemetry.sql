-- What the box has counted in classes, as long as its owner allows it. All of it is deleted with a no, but
-- for the receipts: they show what had left by then.

CREATE TABLE telemetry_journal (
    only          INTEGER PRIMARY KEY CHECK (only = 1),
    -- Version of what the telemetry tables mean.
    layout        INTEGER NOT NULL,
    -- Version of the metric registry that the classes belong to.
    registry      INTEGER NOT NULL,
    -- Calendar week of UTC that is counted, written as ISO 8601 does.
    week          TEXT NOT NULL,
    -- Day of that week that is counted as today: 0 is Monday.
    day           INTEGER NOT NULL,
    -- JSON of the weeks of this year in which the box reports; NULL unless the owner shares.
    report_weeks  TEXT
) STRICT;

CREATE TABLE telemetry_counts (
    -- Metric and class, with a dot between them.
    answer        TEXT PRIMARY KEY,
    -- Playbacks.
    today         INTEGER NOT NULL,
    this_week     INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE telemetry_performance (
    week          TEXT NOT NULL,
    -- Metric and class, with a dot between them.
    video_codec   TEXT NOT NULL,
    backend       TEXT NOT NULL,
    factor        TEXT NOT NULL,
    -- Playbacks.
    count         INTEGER NOT NULL,
    PRIMARY KEY (week, video_codec, backend, factor)
) STRICT, WITHOUT ROWID;

-- What chance drew for reports, never more than two weeks: the one that is counted, and the last one that is complete.
CREATE TABLE telemetry_answers (
    week          TEXT NOT NULL,
    -- Order in which the metrics of the week were drawn.
    place         INTEGER NOT NULL,
    metric        TEXT NOT NULL,
    -- Metric and class; NULL while there is nothing to tell.
    answer        TEXT,
    -- Answers that chance chose among.
    seen          INTEGER NOT NULL,
    -- 1 when the week is over and the answer final.
    complete      INTEGER NOT NULL,
    PRIMARY KEY (week, metric)
) STRICT, WITHOUT ROWID;

-- What was sent, as it was sent.
CREATE TABLE telemetry_receipts (
    id            INTEGER PRIMARY KEY,
    -- The week that the report is about.
    week          TEXT NOT NULL,
    metric        TEXT NOT NULL,
    -- The exact text.
    bytes         TEXT NOT NULL,
    -- The week in which it was sent.
    sent_week     TEXT NOT NULL
) STRICT;
