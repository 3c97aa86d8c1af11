-- The records of a resource for tests of what every service shares.
create table notes (
    id          text collate "C" primary key,
    text        text not null,
    version     bigint not null
);
