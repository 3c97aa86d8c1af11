-- Operators, and the sites that each has. A removed one stays as a row for a while, as a site does.
create table operators (
    id          bigint primary key check (id > 0),
    username    text,
    email       text,
    employee_id text,
    first_name  text,
    last_name   text,
    note        text,                   -- local: no upstream touches it
    active      boolean not null,       -- false: the upstream that owns it lists it no more
    source      text,                   -- the upstream that owns it
    edited      text not null,          -- the upstream's fields that were edited here since it changed them
    deleted     boolean not null,
    version     bigint not null,
    created_at  timestamptz not null,
    updated_at  timestamptz not null,
    check (deleted or (username is not null and email is not null and employee_id is not null
        and first_name is not null and last_name is not null))
);
create index operators_newest on operators (created_at desc, id desc) where not deleted;
create index operators_by_username on operators (username, created_at desc, id desc) where not deleted;
create index operators_by_email on operators (email, created_at desc, id desc) where not deleted;
create index operators_by_source on operators (source) where active and not deleted;
create index operators_removed on operators (updated_at) where deleted;

-- Links. Whoever writes one has locked its operator, and whoever creates one its site, too.
create table operator_sites (
    operator   bigint references operators (id),
    site       bigint references sites (id),
    active     boolean not null,        -- false: the upstream that made it lists it no more
    source     text,                    -- the upstream that made it
    created_at timestamptz not null,
    primary key (operator, site)
);
create index operator_sites_newest on operator_sites (operator, created_at desc, site desc);
create index operator_sites_newest_by_state
    on operator_sites (operator, active, created_at desc, site desc);
create index operator_sites_of_site on operator_sites (site);
