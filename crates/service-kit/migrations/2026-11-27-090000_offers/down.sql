alter table offers
    drop column after_seq, drop column until_seq, drop column offered, drop column principal,
    drop column next_at, drop column failures, drop column failure;
