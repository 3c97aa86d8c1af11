//! The tables that every service has, as defined by `migrations/`.

diesel::table! {
    changes (seq) {
        seq -> BigInt,
        event_id -> Uuid,
        order_id -> Uuid,
        kind -> Text,
        origin -> Text,
        version -> BigInt,
        at -> Timestamptz,
        body -> Text,
        private -> Nullable<Jsonb>,
        conflicts -> Nullable<Jsonb>,
        principal -> Nullable<Text>,
    }
}

diesel::table! {
    outbox (seq) {
        seq -> BigInt,
    }
}

diesel::table! {
    offers (id) {
        id -> BigInt,
        since -> Nullable<Timestamptz>,
        after_id -> Nullable<Uuid>,
        created_at -> Timestamptz,
        after_seq -> Nullable<BigInt>,
        until_seq -> Nullable<BigInt>,
        offered -> BigInt,
        principal -> Nullable<Text>,
        next_at -> Timestamptz,
        failures -> Integer,
        failure -> Nullable<Text>,
    }
}

diesel::table! {
    pause (one) {
        one -> Bool,
        since -> Timestamptz,
    }
}

diesel::table! {
    parked (id) {
        id -> Uuid,
        event_id -> Uuid,
        order_id -> Nullable<Uuid>,
        body -> Binary,
        reason -> Text,
        attempts -> Integer,
        first_at -> Timestamptz,
        last_at -> Timestamptz,
        offer_at -> Nullable<Timestamptz>,
        state -> Text,
    }
}

diesel::allow_tables_to_appear_in_same_query!(changes, outbox);
