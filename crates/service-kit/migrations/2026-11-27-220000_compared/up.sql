-- The place in the change log up to which this side has been compared with the peer. One row, from the
-- beginning: what is in the log when the table is made is not compared again, one by one.
create table compared (
    one         boolean primary key default true check (one),
    upto        bigint not null,
    at          timestamptz not null
);
insert into compared (upto, at) select coalesce(max(seq), 0), now() from changes;
