drop table sites;
