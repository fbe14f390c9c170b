-- A file whose reading failed for a reason that may pass is tried again a bounded number of times.

ALTER TABLE problems ADD COLUMN tries INTEGER NOT NULL DEFAULT 0;       -- failures in a row
ALTER TABLE problems ADD COLUMN tried_at_ms INTEGER NOT NULL DEFAULT 0; -- the last of them, ms since 1970 UTC

UPDATE problems SET code = 'not_this_time'
    WHERE code = 'timed_out' OR text LIKE 'Reading this file would take more memory%';
