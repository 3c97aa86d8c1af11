-- The tables of every service, whatever its records are. Those of its records are beside them, in
-- migrations of their own.

-- The place of a change in the order of readers (decision 0025): the own transaction or, if that is later,
-- the newest one that is over at this moment. Volatile, so that it looks when it is called, and not at
-- the beginning of a statement that then waited for a lock.
create function log_position() returns bigint language plpgsql volatile as $$
begin
    return greatest(pg_current_xact_id()::text::bigint,
        pg_snapshot_xmax(pg_current_snapshot())::text::bigint - 1);
end $$;

-- Everything that happened to this side's records, wherever it was decided. Appended to, and trimmed to
-- the newest change of each record (decision 0026).
create table changes (
    seq         bigint generated always as identity primary key,
    xid         bigint not null default log_position(),
    at          timestamptz not null,
    version     bigint not null,    -- of the record, after the change
    event_id    uuid not null,
    to_publish  boolean not null,   -- whether it goes to RabbitMQ
    offer_in_bulk boolean,          -- of an offer: whether it is a part of one of many records; else null
    resource    text collate "C" not null,
    key         text collate "C" not null,
    kind        text not null,      -- what happened; also the routing key
    origin      text not null,      -- the side that made the change
    principal   text,               -- who had it done here: the name of a token, where there are tokens
    trace       text,               -- W3C traceparent; null as long as requests are not traced
    body        text not null,      -- the event, as it is published
    private     jsonb,              -- what is private after the change, where that changed
    conflicts   jsonb               -- what was decided between two values
);
create index changes_of_record on changes (resource, key, seq);
create index changes_in_order on changes (xid, seq);

-- One row: which log this is, and how far it has been trimmed.
create table log_state (
    one         boolean primary key default true check (one),
    incarnation uuid not null default gen_random_uuid(),    -- a cursor of another one is refused
    trimmed_xid bigint not null default 0,      -- the newest change up to which older ones of the same
    trimmed_seq bigint not null default 0       -- records were deleted
);
insert into log_state default values;

-- The changes that RabbitMQ has not confirmed yet. An entry is made by the very statement that makes
-- its change, so that a foreign key would only lock each change once more to say the same.
create table outbox (
    seq         bigint primary key
);

-- Requests to publish records again as they are now. Several are worked off in turn, in small steps.
create table offers (
    id          bigint generated always as identity primary key,
    resource    text not null,
    since       timestamptz,        -- of the records that changed since then; of all where null
    after_key   text collate "C",   -- of all: the last one that was offered
    after_seq   bigint,             -- since a time: the last entry of the log that was read
    until_seq   bigint,             -- the newest entry when that began
    offered     bigint not null default 0,
    principal   text,               -- who asked for it, where that is known
    created_at  timestamptz not null,
    next_at     timestamptz not null default now(),
    failures    integer not null default 0,
    failure     text
);
create index offers_next on offers (next_at, id);

-- While there is a row, and there is at most one, this side publishes nothing.
create table pause (
    one         boolean primary key default true check (one),
    since       timestamptz not null
);

-- Changes of this side that could not be carried, as the worker has reported them.
create table parked (
    id          uuid primary key,   -- the event that was parked first
    event_id    uuid not null,      -- the event that said it last
    resource    text collate "C",   -- null where it cannot be read
    key         text collate "C",
    body        bytea not null,     -- the message; it need not be an event
    reason      text not null,
    attempts    integer not null,
    first_at    timestamptz not null,
    last_at     timestamptz not null,
    offer_at    timestamptz,        -- when it is offered again; null where a person must act
    state       text not null check (state in ('parked', 'offered', 'dropped')),
    check ((resource is null) = (key is null))
);
create index parked_newest on parked (first_at desc, id desc);
create index parked_newest_of_state on parked (state, first_at desc, id desc);
create index parked_due on parked (offer_at) where state = 'parked' and offer_at is not null;
create index parked_of_record on parked (resource, key) where state = 'parked';
create index parked_by_event on parked (event_id);
create index parked_settled on parked (last_at) where state <> 'parked';

-- Every event that was reported, so that one which is reported again is known as such.
create table parked_events (
    event_id    uuid primary key
);
