//! Validities as pairs of dates.

use serde_core::de::Error;
use serde_core::{Deserialize, Deserializer, Serialize, Serializer};

use crate::scheme::validity::Validity;

/// As the pair of its first and its last day.
impl Serialize for Validity {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        (self.first(), self.last()).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Validity {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let (first, last) = Deserialize::deserialize(deserializer)?;
        Self::of_days(first, last).ok_or_else(|| D::Error::custom("a validity of no day"))
    }
}

#[cfg(test)]
mod tests {
    use medshare_policy::Date;
    use serde::de::DeserializeOwned;

    use super::*;

    fn assert_reads<T: Serialize + DeserializeOwned + PartialEq + core::fmt::Debug>(
        value: T,
        json: &str,
    ) {
        assert_eq!(serde_json::to_string(&value).unwrap(), json);
        assert_eq!(serde_json::from_str::<T>(json).unwrap(), value);
        let mut cbor = Vec::new();
        ciborium::into_writer(&value, &mut cbor).unwrap();
        let read: T = ciborium::from_reader(cbor.as_slice()).unwrap();
        assert_eq!(read, value);
    }

    #[test]
    fn validities_are_pairs_of_dates() {
        let first = Date::new(2026, 1, 1).unwrap();
        let year = Validity::between(first, Date::new(2027, 1, 1).unwrap()).unwrap();
        assert_reads(year, r#"["2026-01-01","2026-12-31"]"#);
        assert_reads(Validity::ALWAYS, r#"["1970-01-01","2149-06-06"]"#);
        for wrong in [
            r#"["2026-01-02","2026-01-01"]"#,
            r#"["2026-01-01"]"#,
            r#""2026-01-01 to 2026-12-31""#,
        ] {
            assert!(serde_json::from_str::<Validity>(wrong).is_err(), "{wrong}");
        }
    }
}
