-- Who had a change done here: the name of a token. Null for what the site does by itself, and where
-- there are no tokens.
alter table changes add column principal text;
