//! What is promised of ingest as a whole where threads and full queues meet.

/// Every order of steps of what threads meet on.
mod orders;
