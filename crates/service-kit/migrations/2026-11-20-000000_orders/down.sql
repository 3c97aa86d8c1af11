drop table offers;
drop table outbox;
drop table changes;
drop table orders;
