//! The table of orders, as defined by the migrations.

diesel::table! {
    orders (id) {
        id -> Uuid,
        delivery -> Jsonb,
        progress -> Jsonb,
        private -> Jsonb,
        version -> BigInt,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
        company -> Text,
        status -> Text,
    }
}
