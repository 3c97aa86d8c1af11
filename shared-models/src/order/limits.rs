//! The documented limits. A request that exceeds one is refused with 422.

/// Characters in a company's name.
pub const COMPANY: usize = 200;
/// Characters in an address.
pub const ADDRESS: usize = 1_000;
/// Characters in a comment.
pub const COMMENT: usize = 2_000;
/// Lines in an order.
pub const LINES: usize = 200;
/// Characters in a sku.
pub const SKU: usize = 64;
/// Pieces in a line.
pub const QUANTITY: u32 = 1_000_000;
/// Characters in a carrier's name.
pub const CARRIER: usize = 100;
/// Characters in a tracking number.
pub const TRACKING: usize = 200;
/// Bytes of JSON in the fields of a facet that this version does not know.
pub const UNKNOWN_BYTES: usize = 16 * 1024;

/// Returns the valid values of a field, for the person who reads the refusal.
#[must_use]
pub fn expectation(field: &str) -> Option<&'static str> {
    Some(match field {
        "company" => "text that is not blank, up to 200 characters",
        "address" => "text that is not blank, up to 1,000 characters",
        "comment" => "null, or text that is not blank, up to 2,000 characters",
        "deliver_by" => "null, or a date such as 2026-12-31",
        "lines" => "a list of 1 to 200 lines, each sku once",
        "sku" => "text that is not blank, up to 64 characters",
        "quantity" => "a whole number from 1 to 1,000,000",
        "status" => "one of placed, picking, packed, voided, shipped, delivered",
        "carrier" => "null, or text that is not blank, up to 100 characters",
        "tracking" => "null, or text that is not blank, up to 200 characters",
        "id" => "a UUID such as 018f6b6e-2f0c-7cc0-8000-3f1f5f2b9a10",
        _ => return None,
    })
}
