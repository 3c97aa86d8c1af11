drop table compared;
