alter table parked drop column acted_by, drop column acted_at;
