//! What the two services are made of: settings, database, change log, relay, HTTP manners.
