#!/usr/bin/env bash
# Measures the ways to trim the log of 0026, and what trimming costs writers.
# usage: trimming.sh URL [ways|steady|writers|sizes]...    of a database with nothing in it
#        It makes tables there and drops them. ROWS: how many changes `steady` appends (1,000,000).
set -euo pipefail
url=$1
shift
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../../.." && pwd)
work=$(mktemp -d)
trap 'rm -r "$work"' EXIT

run() { psql -qX -v ON_ERROR_STOP=1 "$url" "$@"; }
ask() { run -At "$@"; }

# The body of an event of an order, with a part that does not compress.
body="repeat('{\"id\": \"018f6b6e-2f0c-7cc0-8000-3f1f5f2b9a10\", \"kind\": \"order.updated\"} ', 8) || md5(random()::text) || md5(random()::text)"
columns="xid, at, version, event_id, to_publish, resource, key, kind, origin, body"
# append COUNT KEYS: changes of KEYS records, in transactions of their own numbers.
append() {
    echo "insert into changes ($columns)
        select pg_current_xact_id()::text::bigint, clock_timestamp(), 1, gen_random_uuid(), true, 'order',
            md5((random() * $2)::int::text)::uuid::text, 'order.updated', 'store', $body
        from generate_series(1, $1);"
}
fresh() {
    run -c 'drop schema public cascade' -c 'create schema public' 2>/dev/null
    run -f "$root"/crates/service-kit/migrations/*_log/up.sql
}
# The statements of crates/service-kit/src/retention/changes.rs for a step of 1,000 entries, as a
# function, so that psql can call it.
step="
create function step(most bigint) returns bigint language plpgsql as \$\$
declare at_xid bigint; at_seq bigint; end_xid bigint; end_seq bigint; passed bigint;
begin
    select trimmed_xid, trimmed_seq into at_xid, at_seq from log_state for update skip locked;
    if at_xid is null then return 0; end if;
    select xid, seq, entries into end_xid, end_seq, passed from (
        select xid, seq, row_number() over (order by xid, seq) as entries,
            bool_and(may_pass) over (order by xid, seq) as all_may_pass
        from (
            select xid, seq, at < clock_timestamp() and seq <= 9223372036854775807 and (
                select outbox.seq from outbox where outbox.seq = changes.seq) is null as may_pass
            from changes
            where (xid, seq) > (at_xid, at_seq)
                and xid < pg_snapshot_xmin(pg_current_snapshot())::text::bigint
            order by xid, seq limit most) as next_entries) as judged
    where all_may_pass order by xid desc, seq desc limit 1;
    if passed is null then return 0; end if;
    with passed_records as materialized (
        select resource, key, max(seq) as newest from (
            select resource, key, seq from changes
            where (xid, seq) > (at_xid, at_seq) and (xid, seq) <= (end_xid, end_seq)
            order by xid, seq limit most) as entries
        group by resource, key),
    older as materialized (
        select entry.seq from passed_records cross join lateral (
            select seq from changes
            where resource = passed_records.resource and key = passed_records.key
                and seq < passed_records.newest and (xid, seq) <= (end_xid, end_seq)
            order by seq limit most) as entry)
    delete from changes where seq = any (array(select seq from older));
    update log_state set trimmed_xid = end_xid, trimmed_seq = end_seq;
    return passed;
end \$\$;"

# Appends in parts of 5,000, as many entries as are trimmed, to a log of 100,000 records. Autovacuum looks
# once a minute at the most, and this goes as fast as hours of ordinary writing: so the table is vacuumed when
# autovacuum would do so, where it looked all the time: whenever a fifth of the rows is dead.
steady() {
    local rows=${ROWS:-1000000} keys=100000 done=0 began ended size
    fresh
    run -c "$step"
    run -c "$(append 200000 $keys)"
    # Those of before are passed first: from then on, each part is trimmed when it has been appended.
    for _ in $(seq 200); do echo 'select step(1000);'; done | run -o /dev/null
    run -c "vacuum analyze changes"
    echo "-- steady: appending and trimming $rows changes of $keys records, in steps of 1,000"
    while [ "$done" -lt "$rows" ]; do
        took=0
        for part in $(seq 20); do
            run -c "$(append 5000 $keys)"
            {
                echo '\timing on'
                for _ in 1 2 3 4 5; do echo 'select step(1000);'; done
            } | run -At >"$work/steps"
            took=$((took + $(awk '/^Time:/ { sum += $2 } END { printf "%d", sum * 1000 }' "$work/steps")))
            # At most 5,000 rows die in a part; a fifth of 100,000 is 20,000.
            if [ $((part % 4)) = 0 ]; then run -c 'vacuum changes'; fi
        done
        done=$((done + 100000))
        size=$(ask -c "select count(*), pg_size_pretty(pg_table_size('changes')),
            pg_size_pretty(pg_indexes_size('changes')) from changes")
        echo "$done appended: $((took / 100)) us a step; rows|table|indexes $size"
    done
}

# A write as the services make it (an order and its change in one statement), in many short turns beside
# trimming and without, so that what else the machine does hits both alike.
writers() {
    local turns=${TURNS:-30}
    echo "-- writers: $turns turns of 2 s beside trimming and 2 s without, pgbench -c 4"
    cat >"$work/write" <<SQL
\set n random(1, 20000)
with written as (
    update orders set version = version + 1 where id = md5(:n::text)::uuid returning id, version)
insert into changes ($columns)
    select (select greatest(pg_current_xact_id()::text::bigint,
        pg_snapshot_xmax(pg_current_snapshot())::text::bigint - 1)), clock_timestamp(), version,
        gen_random_uuid(), true, 'order', id::text, 'order.updated', 'store', $body
    from written;
SQL
    # A step of 500, as the relay takes, and a rest of nine times as long; until `trimming` is empty.
    cat >"$work/trim.sql" <<'SQL'
do $$
declare began timestamptz;
begin
    loop
        exit when not exists (select from trimming);
        began := clock_timestamp();
        if (select is_on from trimming) then perform step(500); end if;
        commit;
        perform pg_sleep(greatest(0.005, 9 * extract(epoch from clock_timestamp() - began)));
    end loop;
end $$;
SQL
    fresh
    run -c "$step" -c "create table orders (id uuid primary key, delivery jsonb not null, version bigint not null)" \
        -c "insert into orders select md5(n::text)::uuid, '{\"company\": \"Acme\"}', 1 from generate_series(1, 20000) as n" \
        -c 'create table trimming (is_on boolean not null)' -c 'insert into trimming values (false)' \
        -c "$(append 400000 20000)" -c 'vacuum analyze' -c 'checkpoint'
    run -f "$work/trim.sql" &
    for _ in $(seq "$turns"); do
        for trimming in true false; do
            run -c "update trimming set is_on = $trimming"
            pgbench -n -M prepared -c 4 -j 1 -T 2 -f "$work/write" "$url" 2>&1 |
                sed -n 's/^tps = \([0-9]*\).*/\1/p' >>"$work/$trimming"
        done
    done
    echo "trimmed: $(ask -c 'select trimmed_seq from log_state') of $(ask -c 'select max(seq) from changes') entries"
    run -c 'delete from trimming'
    wait
    for trimming in true false; do
        sort -n "$work/$trimming" | awk -v is="$trimming" '{ rate[NR] = $1; sum += $1 }
            END { printf "trimming %s: mean %d, median %d, from %d to %d writes/s\n", is, sum / NR, rate[int((NR + 1) / 2)], rate[1], rate[NR] }'
    done
    paste "$work/true" "$work/false" | awk '{ print $1 / $2 }' | sort -n |
        awk '{ ratio[NR] = $1 } END { printf "with, of the turn without: median %.3f, quartiles %.3f and %.3f\n", ratio[int((NR + 1) / 2)], ratio[int((NR + 3) / 4)], ratio[int((3 * NR + 3) / 4)] }'
}

# Deletes against partitions: what it takes to get rid of 200,000 old entries of a log of 400,000.
ways() {
    echo "-- ways: 400,000 entries of 20,000 records, the older half goes"
    fresh
    run -c "$step" -c "$(append 200000 20000)" -c "$(append 200000 20000)" -c 'vacuum analyze changes' -c checkpoint
    began=$(date +%s%N)
    for _ in $(seq 200); do echo 'select step(1000);'; done | run -o /dev/null
    ended=$(date +%s%N)
    echo "deletes: $(((ended - began) / 1000000)) ms in 200 steps, $(ask -c 'select count(*) from changes') rows left"
    began=$(date +%s%N)
    run -c 'vacuum changes'
    ended=$(date +%s%N)
    echo "vacuum after that: $(((ended - began) / 1000000)) ms"
    fresh
    run -c 'drop table changes' -c "create table changes (
            seq bigint generated always as identity, xid bigint not null, at timestamptz not null,
            version bigint not null, event_id uuid not null, to_publish boolean not null, in_bulk boolean,
            resource text collate \"C\" not null, key text collate \"C\" not null, kind text not null,
            origin text not null, principal text, trace text, body text not null, private jsonb, conflicts jsonb,
            primary key (seq)) partition by range (seq)" \
        -c "create table changes_1 partition of changes for values from (0) to (200001)" \
        -c "create table changes_2 partition of changes for values from (200001) to (400001)" \
        -c 'create index on changes (resource, key, seq)' -c 'create index on changes (xid, seq)' \
        -c "$(append 200000 20000)" -c "$(append 200000 20000)" -c 'vacuum analyze changes' -c checkpoint
    newest=$(ask -c 'select count(*) from (select distinct key from changes_1) as o where not exists (
        select from changes_2 where changes_2.key = o.key)')
    began=$(date +%s%N)
    run -c 'drop table changes_1'
    ended=$(date +%s%N)
    echo "partitions: $(((ended - began) / 1000000)) ms to drop one, with the newest change of $newest records"
}

# The bytes of a row and of the entries of its indexes.
sizes() {
    fresh
    run -c "$(append 100000 20000)" -c 'vacuum analyze changes'
    ask -c "select 'change: ' || pg_table_size('changes') / count(*) || ' bytes in the table' from changes"
    ask -c "select indexrelname || ': ' || pg_relation_size(indexrelid) / 100000 || ' bytes an entry'
        from pg_stat_user_indexes where relname = 'changes' order by 1"
}

for what in "${@:-ways}"; do "$what"; done
run -c 'drop schema public cascade' -c 'create schema public' 2>/dev/null
