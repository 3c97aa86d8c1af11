-- What a write does not need. An entry of the outbox is made by the very statement that makes its
-- change, and changes are never deleted: a foreign key locks each change once more to say the same.
alter table outbox drop constraint outbox_seq_fkey;
-- Both are set by the one statement that writes orders, from the document that it writes. As
-- generated columns their expressions were read and planned again with every write.
alter table orders alter column company drop expression;
alter table orders alter column status drop expression;
