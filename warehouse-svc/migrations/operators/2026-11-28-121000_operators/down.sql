drop table operator_sites;
drop table operators;
