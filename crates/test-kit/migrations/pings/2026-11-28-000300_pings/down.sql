drop table pings;
