drop index parked_newest_drop;
