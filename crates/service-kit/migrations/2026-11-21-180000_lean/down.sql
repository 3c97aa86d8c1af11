alter table orders drop column company, drop column status;
alter table orders
    add column company text not null generated always as (delivery ->> 'company') stored,
    add column status text not null generated always as (progress ->> 'status') stored;
create index orders_of_company on orders (company, created_at desc, id desc);
alter table outbox add constraint outbox_seq_fkey foreign key (seq) references changes (seq);
