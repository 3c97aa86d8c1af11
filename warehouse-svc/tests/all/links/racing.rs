//! Callers that write the same records and links at the same time.

use futures_util::future::join_all;
use serde_json::json;

use super::{link, operator, site};
use crate::owned::{OPERATORS, SITES};
use crate::samples::warehouse;

/// The changes whose version is not one more than that of the change before.
pub(crate) const OUT_OF_ORDER: &str = "(select version <> row_number() over
    (partition by resource, key order by xid, seq) as is_odd from changes) as each where is_odd";

/// The operators whose newest event does not list the sites that they have.
pub(crate) const WRONG_LISTS: &str = "
    (select distinct on (key) key::bigint as id, body::jsonb -> 'record' as record from changes
        where resource = 'operator' order by key, xid desc, seq desc) as newest
    join operators using (id)
    where not deleted and (
        record -> 'sites' <> (select coalesce(jsonb_agg(site order by site), '[]') from operator_sites
            where operator = id and operator_sites.active)
        or record -> 'inactive_sites' <> (select coalesce(jsonb_agg(site order by site), '[]')
            from operator_sites where operator = id and not operator_sites.active))";

#[tokio::test]
async fn one_of_those_who_create_the_same_id_wins() {
    let warehouse = warehouse().await;
    for (path, record) in [(SITES, site(1)), (OPERATORS, operator(1))] {
        for _ in 0..3 {
            let create = async |_| warehouse.client.post(path, &record).await.status;
            let mut statuses = join_all((0..8).map(create)).await;
            statuses.sort_unstable();
            assert_eq!(statuses, [201, 409, 409, 409, 409, 409, 409, 409]);
            warehouse.client.delete(&format!("{path}/1")).await.with(204);
        }
    }
    assert_eq!(warehouse.database.count(OUT_OF_ORDER).await, 0);
}

#[tokio::test]
async fn whoever_links_and_removes_at_the_same_time_there_is_no_deadlock() {
    const COUNT: i64 = 5;
    let warehouse = warehouse().await;
    let client = &warehouse.client;
    for id in 1..=COUNT {
        client.post(SITES, &site(id)).await.with(201);
        client.post(OPERATORS, &operator(id)).await.with(201);
    }
    let act = async |seed: u64| {
        let mut rng = fastrand::Rng::with_seed(seed);
        for _ in 0..40 {
            let [one, other] = [(); 2].map(|()| rng.i64(1..=COUNT));
            let [of_site, of_operator] = [format!("{SITES}/{one}"), format!("{OPERATORS}/{other}")];
            let answer = match rng.u8(..12) {
                0 => client.delete(&of_site).await,
                1 => client.delete(&of_operator).await,
                2 => client.post(SITES, &site(one)).await,
                3 => client.post(OPERATORS, &operator(other)).await,
                4 => client.patch(&of_operator, &json!({"note": seed.to_string()})).await,
                5 => client.patch(&of_site, &json!({"note": seed.to_string()})).await,
                6 | 7 => client.delete(&link(other, one)).await,
                _ => client.put(&link(other, one), &json!(null)).await,
            };
            assert!([200, 201, 204, 404, 409].contains(&answer.status), "{}", answer.text);
        }
    };
    join_all((0..12).map(act)).await;
    for kind in [OUT_OF_ORDER, WRONG_LISTS] {
        assert_eq!(warehouse.database.count(kind).await, 0);
    }
    let dangling =
        "operator_sites where not exists (select from sites where id = operator_sites.site and not deleted)
        or not exists (select from operators where id = operator and not deleted)";
    assert_eq!(warehouse.database.count(dangling).await, 0);
}
