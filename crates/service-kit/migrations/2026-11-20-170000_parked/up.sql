-- Changes of this site that could not be carried, as the worker has reported them.
create table parked (
    id          uuid primary key,   -- the event that was parked first
    event_id    uuid not null,      -- the event that said it last
    order_id    uuid,               -- where it can be read
    body        bytea not null,     -- the message; it need not be an event
    reason      text not null,
    attempts    integer not null,
    first_at    timestamptz not null,
    last_at     timestamptz not null,
    offer_at    timestamptz,        -- when it is offered again; null where a person must act
    state       text not null check (state in ('parked', 'offered', 'dropped'))
);
create index parked_newest on parked (first_at desc, id desc);
create index parked_newest_of_state on parked (state, first_at desc, id desc);
create index parked_due on parked (offer_at) where state = 'parked' and offer_at is not null;
create index parked_of_order on parked (order_id) where state = 'parked';
create index parked_by_event on parked (event_id);

-- Every event that was reported, so that one which is reported again is known as such.
create table parked_events (
    event_id    uuid primary key
);
