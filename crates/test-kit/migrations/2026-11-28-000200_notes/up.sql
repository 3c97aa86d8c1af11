-- The records of two resources, for tests of what every service shares.
create table notes (
    id          text collate "C" primary key,
    text        text not null,
    version     bigint not null
);
create table pings (
    id          bigint primary key,
    text        text not null,
    version     bigint not null
);
