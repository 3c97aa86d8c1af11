-- What a run has found so far, in the form of its task, where counts do not tell it.
alter table runs add column report jsonb;
