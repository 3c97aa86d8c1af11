//! What the API document says of handing over what was pulled.

use program_kit::http::operation::Operation;
use program_kit::http::problem::Kind;
use serde_json::json;
use shared_models::pull::{PullReceipt, Pulled};

/// `POST /v1/sync/pulled`
pub(super) fn take() -> Operation {
    let operator = json!({"id": 1, "username": "ann", "email": "ann@quay.example",
        "employee_id": "E-1", "first_name": "Ann", "last_name": "Quay"});
    let site = json!({"id": 1, "name": "Quay 7", "line1": "7 Quay Street"});
    let request = json!({"source": "upstream", "run": "018f6b6e-2f0c-7cc0-8000-000000000002",
        "strict": false, "operators": [{"record": operator, "sites": [site]}]});
    let receipt = json!({"upserted": 2, "changed": 2, "deactivated": 0, "refused": []});
    Operation::new("takePulled", "Take what was pulled from an upstream")
        .body::<Pulled>(request)
        .answer::<PullReceipt>(200, "What became of it.", receipt)
        .problem(Kind::Conflict, "The run is over, or another one of the job has begun.")
        .of_database()
}
