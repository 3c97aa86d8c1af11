alter table runs drop column report;
