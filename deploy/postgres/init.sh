#!/usr/bin/env bash
# Makes the roles of one service, for the public image of PostgreSQL: as
# /docker-entrypoint-initdb.d/10-roles.sh, with roles.sql at /etc/lockstep/roles.sql (not beside
# it: the image runs every *.sql there by itself). Run it again to change the passwords.
# Environment: POSTGRES_USER, POSTGRES_DB (the image's own: the administrator, and the service's
# database), SERVICE, OWNER_PASSWORD, SERVICE_PASSWORD.
set -euo pipefail

for name in POSTGRES_USER POSTGRES_DB SERVICE OWNER_PASSWORD SERVICE_PASSWORD; do
    if [ -z "${!name:-}" ]; then
        echo "init.sh: $name is not set" >&2
        exit 1
    fi
done
export ROLES=${ROLES:-/etc/lockstep/roles.sql}

# psql reads the passwords from its environment: a command line is for everybody to read.
psql -X -q -v ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" <<'SQL'
\set database `printenv POSTGRES_DB`
\set service `printenv SERVICE`
\set owner :service _owner
\set owner_password `printenv OWNER_PASSWORD`
\set service_password `printenv SERVICE_PASSWORD`
\set roles `printenv ROLES`
\i :roles
select format('revoke all on database %I from public', datname) from pg_database
where datname in ('postgres', 'template1') \gexec
SQL
