-- The same tables at both sites. A facet is the unit of agreement, so it is kept as one document
-- with its revision, as it is published; what only this site knows stands apart from it.
create table orders (
    id          uuid primary key,
    delivery    jsonb not null,
    progress    jsonb not null,
    private     jsonb not null,
    version     bigint not null,
    created_at  timestamptz not null,
    updated_at  timestamptz not null,
    company     text not null generated always as (delivery ->> 'company') stored,
    status      text not null generated always as (progress ->> 'status') stored
);
create index orders_newest on orders (created_at desc, id desc);
create index orders_of_company on orders (company, created_at desc, id desc);

-- Everything that happened to this site's orders, wherever it was decided. Only ever appended to.
create table changes (
    seq         bigint generated always as identity primary key,
    event_id    uuid not null,
    order_id    uuid not null,
    kind        text not null,
    origin      text not null,
    version     bigint not null,
    at          timestamptz not null,
    body        text not null,  -- the event, as it is published
    private     jsonb,          -- what is private after the change, where it changed
    conflicts   jsonb           -- what was decided between two values
);
create index changes_of_order on changes (order_id, seq);

-- The changes that RabbitMQ has not confirmed yet.
create table outbox (
    seq         bigint primary key references changes (seq)
);

-- Requests to publish the current facets of orders again, worked off in small steps.
create table offers (
    id          bigint generated always as identity primary key,
    since       timestamptz,    -- of all orders that were changed since then; of all where null
    after_id    uuid,           -- the last order that was offered
    created_at  timestamptz not null
);
