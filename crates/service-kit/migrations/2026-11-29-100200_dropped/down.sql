drop index parked_dropped_of_record;
