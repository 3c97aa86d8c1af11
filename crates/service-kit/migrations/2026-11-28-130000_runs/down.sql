drop table runs, jobs;
