drop table parked_events, parked, pause, offers, outbox, log_state, changes;
drop function log_position;
