-- The time at which a task whose run failed is due again, if that is before its interval.

alter table runs add column again_at timestamptz;
