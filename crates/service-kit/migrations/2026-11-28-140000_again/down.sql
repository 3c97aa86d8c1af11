alter table runs drop column again_at;
