//! The tables that every service has, as defined by `migrations/`.

diesel::table! {
    changes (seq) {
        seq -> BigInt,
        event_id -> Uuid,
        resource -> Text,
        key -> Text,
        kind -> Text,
        origin -> Text,
        version -> BigInt,
        at -> Timestamptz,
        body -> Text,
        private -> Nullable<Jsonb>,
        conflicts -> Nullable<Jsonb>,
        principal -> Nullable<Text>,
        trace -> Nullable<Text>,
        to_publish -> Bool,
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
        resource -> Text,
        since -> Nullable<Timestamptz>,
        after_key -> Nullable<Text>,
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
        resource -> Nullable<Text>,
        key -> Nullable<Text>,
        body -> Binary,
        reason -> Text,
        attempts -> Integer,
        first_at -> Timestamptz,
        last_at -> Timestamptz,
        offer_at -> Nullable<Timestamptz>,
        state -> Text,
        acted_by -> Nullable<Text>,
        acted_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    jobs (name) {
        name -> Text,
        run -> Nullable<Uuid>,
        held_until -> Nullable<Timestamptz>,
        held_for -> Nullable<Integer>,
        cursors -> Jsonb,
    }
}

diesel::table! {
    runs (id) {
        id -> Uuid,
        job -> Text,
        task -> Text,
        requested -> Bool,
        principal -> Nullable<Text>,
        state -> Text,
        began_at -> Timestamptz,
        ended_at -> Nullable<Timestamptz>,
        counts -> Jsonb,
        reason -> Nullable<Text>,
        detail -> Nullable<Text>,
        refused -> Jsonb,
        again_at -> Nullable<Timestamptz>,
        report -> Nullable<Jsonb>,
    }
}

diesel::allow_tables_to_appear_in_same_query!(changes, outbox);
