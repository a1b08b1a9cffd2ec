//! What is promised of ingest as a whole where threads and full queues meet.

/// Whatever a decoder returns is handled, and nothing of it is dropped in silence.
mod intake;

/// Every order of steps of the synchronisation primitives.
mod orders;

/// No order of full queues makes anybody wait for ever.
mod stuck;
