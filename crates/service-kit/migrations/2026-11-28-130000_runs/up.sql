-- Jobs that the worker does for this side, and their runs. The worker has no database: what it has to
-- know again after a restart is here.

create table jobs (
    name        text collate "C" primary key,
    run         uuid,                       -- the one that is under way
    held_until  timestamptz,                -- after that another one may begin
    cursors     jsonb not null default '{}' -- how far the job has come, by what it reads
);

create table runs (
    id          uuid primary key,
    job         text collate "C" not null,
    task        text collate "C" not null,  -- which of the job's tasks
    requested   boolean not null,           -- by a person, not by the schedule
    principal   text,                       -- who requested it, where that is known
    state       text not null check (state in ('running', 'succeeded', 'failed', 'abandoned')),
    began_at    timestamptz not null,
    ended_at    timestamptz,
    counts      jsonb not null default '{}',
    reason      text,                       -- why it failed, in a word
    detail      text,
    refused     jsonb not null default '[]' -- the first records that did not fit
);
create index runs_newest on runs (job, began_at desc, id desc);
create index runs_newest_of_task on runs (job, task, began_at desc, id desc);
