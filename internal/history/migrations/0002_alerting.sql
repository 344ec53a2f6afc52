-- Alerts, incidents, the messages about them, and the runs of jobs: what must
-- not be lost. Times are whole milliseconds since 1970 UTC, 0 for never; texts
-- called body are JSON, see alerts.go and the files beside it.

CREATE TABLE rule_states (
    rule         TEXT   NOT NULL PRIMARY KEY,
    evaluated_at BIGINT NOT NULL,
    body         TEXT   NOT NULL
);

-- Pending and firing alerts, and resolved ones whose ups and downs still count.
CREATE TABLE alerts (
    id    TEXT NOT NULL PRIMARY KEY,
    rule  TEXT NOT NULL,
    phase TEXT NOT NULL,
    body  TEXT NOT NULL
);

CREATE TABLE transitions (
    key      TEXT   NOT NULL PRIMARY KEY, -- alerting.Transition.Key
    time     BIGINT NOT NULL,
    alert_id TEXT   NOT NULL,
    rule     TEXT   NOT NULL,
    phase    TEXT   NOT NULL, -- the one it came to
    body     TEXT   NOT NULL
);
CREATE INDEX transitions_time ON transitions (time);

CREATE TABLE notification_groups (
    id   TEXT NOT NULL PRIMARY KEY,
    body TEXT NOT NULL
);

CREATE TABLE silences (
    id    TEXT   NOT NULL PRIMARY KEY,
    until BIGINT NOT NULL,
    body  TEXT   NOT NULL
);

CREATE TABLE incidents (
    id        TEXT   NOT NULL PRIMARY KEY,
    join_key  TEXT   NOT NULL,
    status    TEXT   NOT NULL,
    opened_at BIGINT NOT NULL,
    body      TEXT   NOT NULL
);
CREATE UNIQUE INDEX incidents_open ON incidents (join_key) WHERE status IN ('open', 'acknowledged');
CREATE INDEX incidents_time ON incidents (opened_at);

CREATE TABLE timeline (
    seq         INTEGER PRIMARY KEY AUTOINCREMENT,
    incident_id TEXT   NOT NULL REFERENCES incidents (id),
    time        BIGINT NOT NULL,
    kind        TEXT   NOT NULL,
    body        TEXT   NOT NULL
);
CREATE INDEX timeline_incident ON timeline (incident_id, seq);

-- Messages on their way. They are sent in the order of seq within a channel
-- and topic: that it is over must not arrive before that it began.
CREATE TABLE outbox (
    seq          INTEGER PRIMARY KEY AUTOINCREMENT,
    key          TEXT   NOT NULL UNIQUE,
    channel      TEXT   NOT NULL,
    topic        TEXT   NOT NULL,
    incident_id  TEXT   NOT NULL, -- '' for none
    state        TEXT   NOT NULL, -- waiting, sent or dead
    attempts     BIGINT NOT NULL,
    created_at   BIGINT NOT NULL,
    due_at       BIGINT NOT NULL,
    leased_until BIGINT NOT NULL, -- 0 while nobody is sending it
    leased_by    TEXT   NOT NULL,
    ended_at     BIGINT NOT NULL, -- when it was sent or given up
    error        TEXT   NOT NULL, -- why the last attempt failed
    body         TEXT   NOT NULL
);
CREATE INDEX outbox_waiting ON outbox (channel, topic, seq) WHERE state = 'waiting';
CREATE INDEX outbox_ended ON outbox (ended_at) WHERE state <> 'waiting';

-- Until when nothing is sent on a channel: its receiver failed, or asked for it.
CREATE TABLE channel_holds (
    channel TEXT   NOT NULL PRIMARY KEY,
    until   BIGINT NOT NULL
);

CREATE TABLE runs (
    id           TEXT   NOT NULL PRIMARY KEY, -- a UUID
    job          TEXT   NOT NULL,
    scheduled_at BIGINT NOT NULL,
    leased_until BIGINT NOT NULL, -- 0 once it has ended
    outcome      TEXT   NOT NULL,
    body         TEXT   NOT NULL,
    UNIQUE (job, scheduled_at)
);
CREATE INDEX runs_time ON runs (scheduled_at);
CREATE INDEX runs_leased ON runs (job) WHERE leased_until > 0;

-- What was answered to the items of checklists.
CREATE TABLE answers (
    seq    INTEGER PRIMARY KEY AUTOINCREMENT,
    list   TEXT   NOT NULL,
    period TEXT   NOT NULL, -- the day, week or month that it is about
    item   TEXT   NOT NULL,
    time   BIGINT NOT NULL,
    body   TEXT   NOT NULL
);
CREATE INDEX answers_period ON answers (list, period, item, seq);
