drop index parked_offered_undated;
drop index parked_offered;
drop index parked_dropped;
create index parked_settled on parked (last_at) where state <> 'parked';
