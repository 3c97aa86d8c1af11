-- The dropped changes of a record: comparing asks for them beside the parked ones.
create index parked_dropped_of_record on parked (resource, key) where state = 'dropped';
