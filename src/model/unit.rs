//! Unit words and their conversion to UCUM: a closed table; any other word is quarantined, never assumed.
