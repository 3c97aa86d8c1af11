-- Measures what 500 rows of 16 arrays cost, unnested together in `from` and each in the select list.
-- usage: psql -qXAt -f unnest.sql URL | grep -E "together|apart|Execution"     seven times each, in turn
prepare together(text[], text[], text[], text[], text[], bigint[], timestamptz[], text[], text[], bool[], text[], jsonb[],
    jsonb[], jsonb[], bool[], timestamptz[]) as
with new as materialized (select * from unnest($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16))
select count(*) from new;
prepare apart(text[], text[], text[], text[], text[], bigint[], timestamptz[], text[], text[], bool[], text[], jsonb[],
    jsonb[], jsonb[], bool[], timestamptz[]) as
with new as materialized (select unnest($1), unnest($2), unnest($3), unnest($4), unnest($5), unnest($6), unnest($7), unnest($8),
    unnest($9), unnest($10), unnest($11), unnest($12), unnest($13), unnest($14), unnest($15), unnest($16))
select count(*) from new;
select array_agg(gen_random_uuid()::text) as key, array_agg('store'::text) as word, array_agg(1::bigint) as number,
    array_agg(now()) as time, array_agg(repeat('x', 800)) as body, array_agg(null::text) as nothing, array_agg(true) as yes,
    array_agg('{"company": "ACME", "address": "1 Main Street", "lines": [{"sku": "A", "quantity": 3}]}'::jsonb) as facet
from generate_series(1, 500) \gset
\set args (:'key', :'key', :'word', :'word', :'word', :'number', :'time', :'body', :'nothing', :'yes', :'nothing', :'facet', :'facet', :'facet', :'yes', :'time')
\echo together
explain (analyze, timing off, costs off) execute together :args \g (format=unaligned tuples_only=on)
explain (analyze, timing off, costs off) execute together :args \g (format=unaligned tuples_only=on)
explain (analyze, timing off, costs off) execute together :args \g (format=unaligned tuples_only=on)
explain (analyze, timing off, costs off) execute together :args \g (format=unaligned tuples_only=on)
explain (analyze, timing off, costs off) execute together :args \g (format=unaligned tuples_only=on)
explain (analyze, timing off, costs off) execute together :args \g (format=unaligned tuples_only=on)
explain (analyze, timing off, costs off) execute together :args \g (format=unaligned tuples_only=on)
\echo apart
explain (analyze, timing off, costs off) execute apart :args \g (format=unaligned tuples_only=on)
explain (analyze, timing off, costs off) execute apart :args \g (format=unaligned tuples_only=on)
explain (analyze, timing off, costs off) execute apart :args \g (format=unaligned tuples_only=on)
explain (analyze, timing off, costs off) execute apart :args \g (format=unaligned tuples_only=on)
explain (analyze, timing off, costs off) execute apart :args \g (format=unaligned tuples_only=on)
explain (analyze, timing off, costs off) execute apart :args \g (format=unaligned tuples_only=on)
explain (analyze, timing off, costs off) execute apart :args \g (format=unaligned tuples_only=on)
\echo together
explain (analyze, timing off, costs off) execute together :args \g (format=unaligned tuples_only=on)
explain (analyze, timing off, costs off) execute together :args \g (format=unaligned tuples_only=on)
explain (analyze, timing off, costs off) execute together :args \g (format=unaligned tuples_only=on)
explain (analyze, timing off, costs off) execute together :args \g (format=unaligned tuples_only=on)
explain (analyze, timing off, costs off) execute together :args \g (format=unaligned tuples_only=on)
explain (analyze, timing off, costs off) execute together :args \g (format=unaligned tuples_only=on)
explain (analyze, timing off, costs off) execute together :args \g (format=unaligned tuples_only=on)
\echo apart
explain (analyze, timing off, costs off) execute apart :args \g (format=unaligned tuples_only=on)
explain (analyze, timing off, costs off) execute apart :args \g (format=unaligned tuples_only=on)
explain (analyze, timing off, costs off) execute apart :args \g (format=unaligned tuples_only=on)
explain (analyze, timing off, costs off) execute apart :args \g (format=unaligned tuples_only=on)
explain (analyze, timing off, costs off) execute apart :args \g (format=unaligned tuples_only=on)
explain (analyze, timing off, costs off) execute apart :args \g (format=unaligned tuples_only=on)
explain (analyze, timing off, costs off) execute apart :args \g (format=unaligned tuples_only=on)
\echo together
explain (analyze, timing off, costs off) execute together :args \g (format=unaligned tuples_only=on)
explain (analyze, timing off, costs off) execute together :args \g (format=unaligned tuples_only=on)
explain (analyze, timing off, costs off) execute together :args \g (format=unaligned tuples_only=on)
explain (analyze, timing off, costs off) execute together :args \g (format=unaligned tuples_only=on)
explain (analyze, timing off, costs off) execute together :args \g (format=unaligned tuples_only=on)
explain (analyze, timing off, costs off) execute together :args \g (format=unaligned tuples_only=on)
explain (analyze, timing off, costs off) execute together :args \g (format=unaligned tuples_only=on)
\echo apart
explain (analyze, timing off, costs off) execute apart :args \g (format=unaligned tuples_only=on)
explain (analyze, timing off, costs off) execute apart :args \g (format=unaligned tuples_only=on)
explain (analyze, timing off, costs off) execute apart :args \g (format=unaligned tuples_only=on)
explain (analyze, timing off, costs off) execute apart :args \g (format=unaligned tuples_only=on)
explain (analyze, timing off, costs off) execute apart :args \g (format=unaligned tuples_only=on)
explain (analyze, timing off, costs off) execute apart :args \g (format=unaligned tuples_only=on)
explain (analyze, timing off, costs off) execute apart :args \g (format=unaligned tuples_only=on)
\echo together
explain (analyze, timing off, costs off) execute together :args \g (format=unaligned tuples_only=on)
explain (analyze, timing off, costs off) execute together :args \g (format=unaligned tuples_only=on)
explain (analyze, timing off, costs off) execute together :args \g (format=unaligned tuples_only=on)
explain (analyze, timing off, costs off) execute together :args \g (format=unaligned tuples_only=on)
explain (analyze, timing off, costs off) execute together :args \g (format=unaligned tuples_only=on)
explain (analyze, timing off, costs off) execute together :args \g (format=unaligned tuples_only=on)
explain (analyze, timing off, costs off) execute together :args \g (format=unaligned tuples_only=on)
\echo apart
explain (analyze, timing off, costs off) execute apart :args \g (format=unaligned tuples_only=on)
explain (analyze, timing off, costs off) execute apart :args \g (format=unaligned tuples_only=on)
explain (analyze, timing off, costs off) execute apart :args \g (format=unaligned tuples_only=on)
explain (analyze, timing off, costs off) execute apart :args \g (format=unaligned tuples_only=on)
explain (analyze, timing off, costs off) execute apart :args \g (format=unaligned tuples_only=on)
explain (analyze, timing off, costs off) execute apart :args \g (format=unaligned tuples_only=on)
explain (analyze, timing off, costs off) execute apart :args \g (format=unaligned tuples_only=on)
