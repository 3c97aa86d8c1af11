-- Several offers are worked off in turn, and those since a time read the change log.
alter table offers
    add column after_seq bigint,    -- the last entry of the log that was read
    add column until_seq bigint,    -- the newest one when the offer began
    add column offered bigint not null default 0,
    add column principal text,      -- who asked for it, where that is known
    add column next_at timestamptz not null default now(),
    add column failures integer not null default 0,
    add column failure text;
create index offers_next on offers (next_at, id);
