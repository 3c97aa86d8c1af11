-- The same tables at both sides. A facet is the unit of agreement, so it is kept as one document with
-- its revision, as it is published; what only this side knows stands apart from it.
create table orders (
    id          uuid primary key,
    delivery    jsonb not null,
    progress    jsonb not null,
    private     jsonb not null,
    version     bigint not null,
    created_at  timestamptz not null,
    updated_at  timestamptz not null,
    company     text not null,      -- that of the delivery, set by the statement that writes it: the
    status      text not null       -- expression of a generated column is planned with every write
);
create index orders_newest on orders (created_at desc, id desc);
create index orders_of_company on orders (company, created_at desc, id desc);
-- For lists of the statuses that few orders have, at a time or ever; the others are found among the
-- newest. A write of any other status costs no entry.
create index orders_of_rare_status on orders (status, created_at desc, id desc)
    where status in ('picking', 'packed', 'voided');

-- The place in the change log up to which this side has been compared with the peer. One row, from the
-- beginning: what is in the log when the table is made is not compared again, one by one.
create table compared (
    one         boolean primary key default true check (one),
    upto        bigint not null,
    at          timestamptz not null
);
insert into compared (upto, at) select coalesce(max(seq), 0), now() from changes;
