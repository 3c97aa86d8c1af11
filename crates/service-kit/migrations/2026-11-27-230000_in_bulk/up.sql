-- Set for what an offer of many orders published, all of them or those since a time. Comparing passes
-- over it: else all later changes would wait behind it. Null in all other rows, where it takes no space.
alter table changes add column in_bulk boolean;
