drop table compared, orders;
