#!/usr/bin/env bash
# Measures what the partial index of 0018 costs a write, with it and without it in turn.
# usage: index.sh URL      of a database with nothing in it; it makes its tables there
set -euo pipefail
url=$1
work=$(mktemp -d)
trap 'rm -r "$work"' EXIT

run() { psql -qX -v ON_ERROR_STOP=1 "$url" "$@"; }
any="id = md5(:n::text)::uuid"
document="jsonb_build_object('revision', jsonb_build_object('store', 1, 'warehouse', 0), 'company', 'Acme',
    'address', '1 Main Street', 'lines', '[{\"sku\": \"BULB\", \"quantity\": 10}]'::jsonb)"
moved() { # moved WHENS: a statement that moves an order on to its next status, and at last back to placed
    printf '%s\n' '\set n random(1, 200000)' \
        "update orders set status = case status $1 else 'placed' end, version = version + 1, updated_at = now() where $any;"
}
echo "insert into orders values (gen_random_uuid(), $document, '{}', '{}', 1, now(), now(), 'Acme', 'placed');" \
    >"$work/new"
{
    echo '\set n random(1, 200000)'
    echo "update orders set delivery = $document, version = version + 1, updated_at = now() where $any;"
} >"$work/edited"
moved "when 'placed' then 'shipped' when 'shipped' then 'delivered'" >"$work/shipped"
moved "when 'placed' then 'picking' when 'picking' then 'packed' when 'packed' then 'shipped'" >"$work/picked"

fresh() {
    run -c 'drop table if exists orders' \
        -c 'create table orders (id uuid primary key, delivery jsonb not null, progress jsonb not null,
                private jsonb not null, version bigint not null, created_at timestamptz not null,
                updated_at timestamptz not null, company text not null, status text not null)' \
        -c 'create index orders_newest on orders (created_at desc, id desc)' \
        -c 'create index orders_of_company on orders (company, created_at desc, id desc)' \
        -c "insert into orders select md5(n::text)::uuid, $document, '{}', '{}', 1, now(), now(), 'Acme', 'placed'
            from generate_series(1, 200000) as n"
    if [ "$1" = with ]; then
        run -c "create index orders_of_rare_status on orders (status, created_at desc, id desc)
            where status in ('picking', 'packed', 'voided')"
    fi
    run -c 'vacuum analyze orders'
    run -c 'checkpoint'
}

for turn in 1 2 3; do
    for statement in new edited shipped picked; do
        for index in with without; do
            fresh "$index"
            before=$(run -Atc 'select pg_current_wal_lsn()')
            report=$(pgbench -n -M prepared -c 4 -j 1 -T 4 -f "$work/$statement" "$url" 2>&1)
            wal=$(run -Atc "select pg_wal_lsn_diff(pg_current_wal_lsn(), '$before')::bigint")
            count=$(sed -n 's/^number of transactions actually processed: \([0-9]*\).*/\1/p' <<<"$report")
            rate=$(sed -n 's/^tps = \([0-9]*\).*/\1/p' <<<"$report")
            echo "turn $turn, $statement, $index the index: $rate/s, $((wal / count)) bytes of WAL each"
        done
    done
done
run -c 'drop table orders'
