-- Stock readings. A removed one stays as a row for a while, so that a late upload does not bring it back
-- and clients hear of it.
create table readings (
    gtin            text collate "C" primary key,
    updated_at      timestamptz not null,   -- by the clock of who wrote it; the newer one wins
    expiration_date text,                   -- as it came
    expires_at      timestamptz,            -- the same as an instant
    deleted         boolean not null,
    version         bigint not null,
    changed_at      timestamptz not null,   -- when it was written here
    check (deleted or (expiration_date is not null and expires_at is not null))
);
create index readings_newest on readings (updated_at desc, gtin desc) where not deleted;
create index readings_expiring on readings (expires_at) where not deleted;
create index readings_removed on readings (changed_at) where deleted;
