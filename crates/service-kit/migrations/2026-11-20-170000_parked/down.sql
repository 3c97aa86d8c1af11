drop table parked_events;
drop table parked;
