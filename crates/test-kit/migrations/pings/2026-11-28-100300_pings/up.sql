-- The records of a resource for tests of what every service shares.
create table pings (
    id          bigint primary key,
    text        text not null,
    version     bigint not null
);
