alter table changes drop column in_bulk;
