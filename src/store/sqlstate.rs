//! What to do about an answer of Postgres, by its SQLSTATE (PostgreSQL manual, appendix A).
//!
//! # Why
//! What is unknown counts as passing: to wait too long loses nothing, while to give up stops ingest, and to blame the
//! data quarantines samples that are valid. So only what is known to stay is permanent, and only what names a row is
//! that row's.

/// What the caller can do.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It is transient: retry on a new connection.
    Passing,
    /// The database rejects something in the data: bisect the batch until the rejected item is alone.
    Data,
    /// It is more than the server has room for at once, or than one transaction takes: write it in smaller pieces, and
    /// wait with what cannot be parted.
    TooLarge,
    /// A stored block cannot be read: continue without it, and without what would have to be merged with it.
    Unreadable,
    /// Another daemon owns the shard now: write nothing more.
    Fenced,
    /// It is permanent: end, and say what to do.
    Permanent,
}

/// A page or an index of the server's own is damaged.
const DAMAGE: [&str; 2] = ["XX001", "XX002"];

/// True for an answer to a statement that only reads stored blocks where a page or what lies on it is damaged: an array
/// whose header is wrong is told as one that is too large.
pub(super) fn is_damage(code: &str) -> bool {
    DAMAGE.contains(&code) || code.starts_with("54")
}

/// True for an answer to such a statement that damage may have: an internal error, as for an element type that is none,
/// or a system that cannot read a file.
pub(super) fn may_be_damage(code: &str) -> bool {
    code.starts_with("XX") || code.starts_with("58")
}

/// Codes that differ from the rest of their class.
const CODES: [(&str, Fault); 9] = [
    // Two sessions made the same thing at once: it is there now.
    ("42710", Fault::Passing),
    ("42P05", Fault::Passing),
    ("42P06", Fault::Passing),
    ("42P07", Fault::Passing),
    // Memory, that of locks too, and other limits of the configuration: a full disk or too many connections are no
    // smaller for a smaller piece.
    ("53000", Fault::TooLarge),
    ("53200", Fault::TooLarge),
    ("53400", Fault::TooLarge),
    ("XX001", Fault::Permanent),
    ("XX002", Fault::Permanent),
];

/// Classes: the first two characters.
const CLASSES: [(&str, Fault); 23] = [
    // Connections.
    ("08", Fault::Passing),
    // Not supported: a plan that the schema has left behind, which a new connection makes anew, or COPY under
    // row-level security, which nothing cures.
    ("0A", Fault::Permanent),
    // Cardinality: a row that comes twice in one statement.
    ("21", Fault::Data),
    ("22", Fault::Data),
    ("23", Fault::Data),
    // The state of the transaction: of a standby that is promoted, too.
    ("25", Fault::Passing),
    // A prepared statement that a pooler has forgotten.
    ("26", Fault::Passing),
    // A login that is refused: an authentication server that is down answers the same.
    ("28", Fault::Passing),
    // No such database: one that is being restored answers the same.
    ("3D", Fault::Passing),
    // No such schema.
    ("3F", Fault::Permanent),
    // Serialization failures and deadlocks.
    ("40", Fault::Passing),
    // Syntax, names that are not there, and privileges.
    ("42", Fault::Permanent),
    ("44", Fault::Data),
    // Resources.
    ("53", Fault::Passing),
    // Limits of the program: a smaller piece may be below them.
    ("54", Fault::Data),
    // Locks that were not had in time, objects in use.
    ("55", Fault::Passing),
    // Operators: a shutdown, a timeout of a statement.
    ("57", Fault::Passing),
    // The system below: a disk that answers no more.
    ("58", Fault::Passing),
    ("F0", Fault::Passing),
    ("HV", Fault::Passing),
    // A rule of our own functions.
    ("HT", Fault::Permanent),
    ("P0", Fault::Permanent),
    // Internal errors: a table that went between planning and reading is told so.
    ("XX", Fault::Passing),
];

/// What to do about a code.
pub(super) fn fault_of(code: &str) -> Fault {
    let of_code = CODES.iter().find(|(known, _)| *known == code);
    let of_class = || CLASSES.iter().find(|(class, _)| code.starts_with(class));
    of_code.or_else(of_class).map_or(Fault::Passing, |(_, fault)| *fault)
}

/// SQLSTATE of a statement that was cancelled, by its timeout or by an operator.
pub(super) const CANCELLED: &str = "57014";

/// What an operator does about a code that stays.
pub(super) fn remedy_of(code: &str) -> &'static str {
    match code {
        "42501" => {
            "run `healthtrack migrate` with the role that owns the schema, and GRANT healthtrack_ingest to the login \
             of the daemon"
        }
        "0A000" => "make sure that no row-level security is on the tables of schema signal, and start the daemon again",
        "53200" => {
            "raise max_locks_per_transaction and restart the server, or give it more memory; `healthtrack doctor` \
             says what is near its limit"
        }
        _ if DAMAGE.contains(&code) => "the server's files are damaged: check its disk, and restore it from a backup",
        _ => "run `healthtrack migrate` of this version with the role that owns the schema, and start the daemon again",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn damage_is_told_from_what_may_be_damage_and_from_what_passes() {
        let told = |code: &str| [is_damage(code), may_be_damage(code)];
        assert_eq!(["XX001", "54000"].map(|code| told(code)[0]), [true; 2]);
        assert_eq!(["XX000", "58030", "58P01"].map(told), [[false, true]; 3]);
        assert_eq!(["57P01", "40001", "08006"].map(told), [[false; 2]; 3]);
    }

    #[test]
    fn each_answer_of_postgres_is_passing_or_of_the_data_or_stays() {
        let table: [(Fault, &[&str]); 4] = [
            (Fault::TooLarge, &["53000", "53200", "53400"]),
            (
                Fault::Passing,
                &[
                    "08000", "08001", "08003", "08004", "08006", "25006", "25P02", "26000", "28000", "28P01", "3D000",
                    "40001", "40P01", "42P07", "42710", "53100", "53300", "55006", "55P03", "57014", "57P01", "57P02",
                    "57P03", "58000", "58030", "XX000", "99999", "",
                ],
            ),
            (Fault::Data, &["21000", "22003", "22021", "22P02", "23502", "23503", "23505", "23514", "23P01", "54000"]),
            (
                Fault::Permanent,
                &["0A000", "3F000", "42501", "42601", "42703", "42804", "42883", "42P01", "P0001", "XX001", "XX002"],
            ),
        ];
        for (fault, codes) in table {
            for code in codes {
                assert_eq!(fault_of(code), fault, "{code}");
            }
        }
    }

    #[test]
    fn no_class_stands_twice_and_each_code_differs_from_its_class() {
        for (at, (class, _)) in CLASSES.iter().enumerate() {
            assert!(CLASSES.iter().skip(at + 1).all(|(other, _)| other != class), "{class}");
        }
        for (code, fault) in CODES {
            assert!(CLASSES.iter().any(|(class, of_class)| code.starts_with(class) && *of_class != fault), "{code}");
        }
    }
}
