-- What checks found: every result in short, the last one of each check whole,
-- and every sample.
--
-- Times are whole milliseconds since 1970 UTC; days are whole days since then.

CREATE TABLE checks (
    id   INTEGER PRIMARY KEY AUTOINCREMENT, -- an id that was pruned must not come back as another check
    name TEXT    NOT NULL UNIQUE,
    seen INTEGER NOT NULL -- the day it was last recorded: written once a day, so that pruning need not search
) STRICT;

-- Kept together by check: the question asked is always "the last n of this".
CREATE TABLE results (
    check_id    INTEGER NOT NULL REFERENCES checks (id),
    time        INTEGER NOT NULL,
    status      INTEGER NOT NULL, -- 0 healthy, 1 unknown, 2 degraded, 3 unhealthy
    duration_us INTEGER NOT NULL,
    summary     TEXT,             -- NULL while healthy
    PRIMARY KEY (check_id, time)
) STRICT, WITHOUT ROWID;

CREATE TABLE last_results (
    check_id INTEGER PRIMARY KEY REFERENCES checks (id),
    time     INTEGER NOT NULL,
    result   TEXT    NOT NULL -- JSON, see encode.go
) STRICT;

CREATE TABLE series (
    id     INTEGER PRIMARY KEY AUTOINCREMENT,
    name   TEXT    NOT NULL,
    labels TEXT    NOT NULL, -- a JSON object with its keys sorted: one text for one set
    seen   INTEGER NOT NULL, -- as in checks
    UNIQUE (name, labels)
) STRICT;

-- Kept together by time: recording writes at one end and retention cuts at the
-- other, however many series there are.
CREATE TABLE samples (
    time      INTEGER NOT NULL,
    series_id INTEGER NOT NULL REFERENCES series (id),
    value     REAL, -- NULL for NaN, which SQLite does not keep
    PRIMARY KEY (time, series_id)
) STRICT, WITHOUT ROWID;
