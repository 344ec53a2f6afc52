-- What is left of samples that are old: one row for each series and hour. A
-- sample is in samples or in its hour's row, never in both.

CREATE TABLE rollups (
    series_id BIGINT NOT NULL,
    hour      BIGINT NOT NULL, -- its first millisecond
    count     BIGINT NOT NULL, -- of values that are numbers
    sum       DOUBLE PRECISION, -- of those, as are the following
    min       DOUBLE PRECISION,
    max       DOUBLE PRECISION,
    first     DOUBLE PRECISION,
    last      DOUBLE PRECISION,
    grown     DOUBLE PRECISION, -- by how much a counter grew, across those at which it began anew
    PRIMARY KEY (series_id, hour)
);

-- One row: the time before which all samples have been rolled up.
CREATE TABLE rolled (
    one  BIGINT NOT NULL PRIMARY KEY,
    till BIGINT NOT NULL
);
INSERT INTO rolled (one, till) VALUES (1, 0);
