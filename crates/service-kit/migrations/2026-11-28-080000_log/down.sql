drop table parked_events, parked, pause, offers, outbox, changes;
