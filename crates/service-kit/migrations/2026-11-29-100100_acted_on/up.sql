-- Who replayed or dropped a parked change last, and when.
alter table parked
    add column acted_by text, -- the principal; null where no tokens are configured
    add column acted_at timestamptz;
