-- For lists of the statuses that few orders have, at a time or ever; the others are found among the
-- newest. A write of any other status costs no entry.
create index orders_of_rare_status on orders (status, created_at desc, id desc)
    where status in ('picking', 'packed', 'voided');
