//! Closed lists of words: an enum whose variants hold the database's spelling, which stands nowhere else.

/// Why a text is none of the words.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this is no {list}: write one of {words}")]
pub struct UnknownWord {
    /// Which list.
    pub list: &'static str,
    /// The words that it holds.
    pub words: String,
}

/// Makes enums of words, each with `ALL`, `as_str`, `Display`, `FromStr` and serde by the words.
macro_rules! words {
    ($($(#[$doc:meta])+ $name:ident { $($word:ident = $text:literal,)+ })+) => {$(
        $(#[$doc])+
        #[derive(Copy, Clone, Debug, PartialEq, Eq, Hash)]
        pub enum $name {
            $(#[doc = concat!("`", $text, "`, as the database writes it.")] $word,)+
        }

        impl $name {
            /// Every word of the list.
            pub const ALL: &'static [$name] = &[$($name::$word,)+];

            /// The word as the database writes it.
            pub fn as_str(self) -> &'static str {
                match self {
                    $($name::$word => $text,)+
                }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl std::str::FromStr for $name {
            type Err = crate::model::people::word::UnknownWord;

            fn from_str(text: &str) -> Result<$name, Self::Err> {
                $name::ALL.iter().copied().find(|word| word.as_str() == text).ok_or_else(|| {
                    let words: Vec<&str> = $name::ALL.iter().map(|word| word.as_str()).collect();
                    crate::model::people::word::UnknownWord { list: stringify!($name), words: words.join(", ") }
                })
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<$name, D::Error> {
                let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    )+};
}

pub(super) use words;

#[cfg(test)]
mod tests {
    use crate::model::people::Role;

    #[test]
    fn a_word_is_read_as_it_is_written_and_an_unknown_one_is_told_the_list() {
        for role in Role::ALL {
            assert_eq!(role.as_str().parse(), Ok(*role));
            let json = serde_json::to_string(role).unwrap();
            assert_eq!((json.trim_matches('"'), serde_json::from_str(&json).unwrap()), (role.as_str(), *role));
        }
        let said = "Patient".parse::<Role>().unwrap_err().to_string();
        assert!(said.starts_with("this is no Role: write one of patient, provider, "), "{said}");
    }
}
