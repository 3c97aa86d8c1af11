alter table changes drop column principal;
