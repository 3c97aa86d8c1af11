-- Whether a change was dropped since an audit: GET /v1/relay tells when one was.
create index parked_newest_drop on parked (acted_at) where state = 'dropped';
