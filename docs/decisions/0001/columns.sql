with o as (insert into orders_col values (gen_random_uuid(), 1, 0, 'Acme', '1 Main Street', null, null, 0, 0, 'placed', null, null, 'EUR', '\x09f6e065d0bdbdc5e97083c2336e42f5e1485f940984515a83cf14904dc96989', 1, now(), now()) returning id)
insert into lines select id, sku, quantity, price from o, (values ('BULB', 10, 250), ('LAMP', 2, 1999)) as l (sku, quantity, price);
