-- What is left of samples that are old: one row for each series and hour. A
-- sample is in samples or in its hour's row, never in both.

CREATE TABLE rollups (
    series_id INTEGER NOT NULL,
    hour      INTEGER NOT NULL, -- its first millisecond
    count     INTEGER NOT NULL, -- of values that are numbers
    sum       REAL,             -- of those, as are the following
    min       REAL,
    max       REAL,
    first     REAL,
    last      REAL,
    grown     REAL, -- by how much a counter grew, across those at which it began anew
    PRIMARY KEY (series_id, hour)
) STRICT, WITHOUT ROWID;

-- One row: the time before which all samples have been rolled up.
CREATE TABLE rolled (
    one  INTEGER NOT NULL PRIMARY KEY,
    till INTEGER NOT NULL
) STRICT;
INSERT INTO rolled (one, till) VALUES (1, 0);
