#!/usr/bin/env bash
# Measures what the key of the change log costs as a text and as a UUID, in turn.
# usage: keys.sh URL       of a database with nothing in it; it makes its tables there
set -euo pipefail
url=$1
work=$(mktemp -d)
trap 'rm -r "$work"' EXIT

run() { psql -qX -v ON_ERROR_STOP=1 "$url" "$@"; }
# A UUID whose first part is the time in milliseconds, as version 7 has it.
id="(lpad(to_hex((extract(epoch from clock_timestamp()) * 1000)::bigint), 12, '0') || '7' || substr(md5(random()::text), 1, 19))::uuid"
body="repeat('{\"schema\": 1, \"kind\": \"order.updated\"} ', 14)"
common="seq bigint generated always as identity primary key, event_id uuid not null, kind text not null,
    origin text not null, version bigint not null, at timestamptz not null, body text not null"

table() { # table FORM: creates the log of that form, and the statement that appends to it
    case $1 in
    uuid) columns="order_id uuid not null" index="order_id, seq" names=order_id values="key" ;;
    resource-uuid) columns="resource text not null collate \"C\", key uuid not null" index="resource, key, seq" names="resource, key" values="'order', key" ;;
    resource-text) columns="resource text not null collate \"C\", key text not null collate \"C\"" index="resource, key, seq" names="resource, key" values="'order', key::text" ;;
    esac
    run -c 'drop table if exists log' -c "create table log ($common, $columns)" -c "create index log_of_record on log ($index)"
    echo "with new (key) as materialized (select $id) insert into log (event_id, kind, origin, version, at, body, $names)
        select key, 'order.updated', 'store', 1, now(), $body, $values from new;" | tr '\n' ' ' >"$work/append"
}
for round in 1 2 3 4 5; do
    for form in uuid resource-uuid resource-text; do
        table $form
        run -c "insert into log (event_id, kind, origin, version, at, body, $names)
            select key, 'order.updated', 'store', 1, now(), $body, $values
            from (select $id as key from generate_series(1, 100000)) as new" -c 'vacuum analyze log' -c checkpoint
        rate=$(pgbench -n -M prepared -c 8 -j 1 -t 5000 -f "$work/append" "$url" | sed -n 's/^tps = \([0-9]*\).*/\1/p')
        run -At -F ' ' -c 'vacuum analyze log' -c "select '$round $form: $rate appends/s; bytes a change: table '
            || pg_table_size('log') / count(*) || ', index ' || pg_relation_size('log_of_record') / count(*) from log"
    done
done
