-- While there is a row, and there is at most one, this site publishes nothing.
create table pause (
    one         boolean primary key default true check (one),
    since       timestamptz not null
);
