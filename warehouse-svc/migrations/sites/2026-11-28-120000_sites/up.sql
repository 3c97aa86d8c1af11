-- Sites. A removed one stays as a row for a while, without its texts, so that its version goes on if it
-- comes back, and readers of the log hear of it.
create table sites (
    id         bigint primary key check (id > 0),
    name       text,
    line1      text,
    line2      text,
    site       text,
    city       text,
    state      text,
    zip_code   text,
    country    text,
    fax        text,
    phone      text,
    note       text,                   -- local: no upstream touches it
    active     boolean not null,       -- false: the upstream that owns it lists it no more
    source     text,                   -- the upstream that owns it
    edited     text not null,          -- the upstream's fields that were edited here since it changed them
    deleted    boolean not null,
    version    bigint not null,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    check (deleted or (name is not null and line1 is not null))
);
create index sites_newest on sites (created_at desc, id desc) where not deleted;
create index sites_by_name on sites (name, created_at desc, id desc) where not deleted;
create index sites_by_city on sites (city, created_at desc, id desc) where not deleted;
create index sites_by_source on sites (source) where active and not deleted;
create index sites_removed on sites (updated_at) where deleted;
