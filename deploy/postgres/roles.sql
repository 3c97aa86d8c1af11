-- Who may do what in the database of one service. For psql, as an administrator, in any database of
-- the server; `init.sh` beside it shows how. Variables:
--
--   database                           the service's database; made where it is not there
--   owner, owner_password              owns the database and its tables, and migrates
--   service, service_password          runs the service: selects, inserts, updates and deletes
--
-- It may be run again at any time, also while the service runs: with other passwords, over tables that
-- the service used to own, or after a grant that went too far.

-- The server's log is no place for passwords.
set log_statement = 'none';
set log_min_error_statement = 'panic';
set log_min_duration_statement = -1;

select format('create role %I', name) from unnest(array[:'owner', :'service']) as name
where not exists (select from pg_roles where rolname = name) \gexec
alter role :"owner" login password :'owner_password';
alter role :"service" login password :'service_password';

select format('create database %I', :'database')
where not exists (select from pg_database where datname = :'database') \gexec
alter database :"database" owner to :"owner";

\connect :"database"
begin;

-- Nobody else enters. The service makes no temporary tables either.
revoke all on database :"database" from public, :"service";
grant connect on database :"database" to :"service";

-- A transaction that somebody has forgotten holds back the feeds of changes. (The service's own sessions
-- have a shorter limit.)
alter database :"database" set idle_in_transaction_session_timeout = '60s';

-- What the service owns goes to the owner; what it may do is said anew.
reassign owned by :"service" to :"owner";
alter schema public owner to :"owner";
revoke all on schema public from public, :"service";
grant usage on schema public to :"service";
revoke all on all tables in schema public from public, :"service";
revoke all on all sequences in schema public from public, :"service";
grant select, insert, update, delete on all tables in schema public to :"service";
grant usage, select on all sequences in schema public to :"service";

-- The same for tables that are yet to come.
alter default privileges for role :"owner" in schema public
    grant select, insert, update, delete on tables to :"service";
alter default privileges for role :"owner" in schema public
    grant usage, select on sequences to :"service";

commit;
