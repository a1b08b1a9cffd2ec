//! What is promised of ingest as a whole where threads and full queues meet.

/// Every order of steps of what threads meet on.
mod orders;

/// No order of full queues makes anybody wait for ever.
mod stuck;
