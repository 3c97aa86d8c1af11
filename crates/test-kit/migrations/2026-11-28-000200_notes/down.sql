drop table pings, notes;
