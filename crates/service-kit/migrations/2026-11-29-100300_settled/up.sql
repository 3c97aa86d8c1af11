-- Parked changes that are settled, by when they were: a drop counts from when it was made, an offer by its
-- event, whose id begins with its time where it is a UUIDv7.
drop index parked_settled;
create index parked_dropped on parked (coalesce(acted_at, last_at)) where state = 'dropped';
create index parked_offered on parked (event_id) where state = 'offered';
create index parked_offered_undated on parked (last_at)
    where state = 'offered' and substr(event_id::text, 15, 1) <> '7';
