//! Parsing a facet: some of its fields are known, and the others are kept.
//!
//! The code that serde derives for `flatten` buffers every field before it parses any, again at
//! each level; this parses each in place. docs/performance.md has the savings.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use serde::de::{Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::Facet;
use crate::marks::Marks;
use crate::revision::Revision;

/// The fields of a facet that are not part of its value; the second may be missing.
const REVISION: &str = "revision";
const MARKS: &str = "marks";

/// The most known fields of a facet.
const MOST: usize = 8;

/// An object that may have unknown fields.
pub(super) trait Open: Default {
    /// The known fields, at most [`MOST`]; the last ones may be missing.
    const FIELDS: &'static [&'static str];
    /// The number of fields that are required.
    const NEEDED: usize;

    /// Parses a field, known or not.
    fn set<'de, A: MapAccess<'de>>(&mut self, field: &str, map: &mut A) -> Result<(), A::Error>;
}

/// Implements parsing for a facet with these fields. A field of the struct that is not named here does
/// not compile.
macro_rules! open {
    ($facet:ident, needed: [$($needed:ident),+], optional: [$($optional:ident),*]) => {
        impl $crate::order::open::Open for $facet {
            const FIELDS: &'static [&'static str] =
                &[$(stringify!($needed),)+ $(stringify!($optional),)*];
            const NEEDED: usize = [$(stringify!($needed)),+].len();

            fn set<'de, A: serde::de::MapAccess<'de>>(
                &mut self,
                field: &str,
                map: &mut A,
            ) -> Result<(), A::Error> {
                let Self { $($needed,)+ $($optional,)* unknown } = self;
                match field {
                    $(stringify!($needed) => *$needed = map.next_value()?,)+
                    $(stringify!($optional) => *$optional = map.next_value()?,)*
                    other => _ = unknown.insert(other.to_owned(), map.next_value()?),
                }
                Ok(())
            }
        }

        impl<'de> serde::Deserialize<'de> for $facet {
            fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                $crate::order::open::value(from)
            }
        }
    };
}
pub(super) use open;

/// Parses a value without a revision.
pub(super) fn value<'de, V: Open, D: Deserializer<'de>>(from: D) -> Result<V, D::Error> {
    from.deserialize_map(FacetVisitor { is_facet: false, of: PhantomData })
        .map(|Facet { value, .. }| value)
}

impl<'de, V: Open> Deserialize<'de> for Facet<V> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_map(FacetVisitor { is_facet: true, of: PhantomData })
    }
}

struct FacetVisitor<V> {
    /// Set if the value has a revision, and perhaps marks.
    is_facet: bool,
    of: PhantomData<V>,
}

/// A field's name, borrowed if possible.
#[derive(Deserialize)]
#[serde(transparent)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

impl<'de, V: Open> Visitor<'de> for FacetVisitor<V> {
    type Value = Facet<V>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "an object with {}", V::FIELDS.join(", "))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Facet<V>, A::Error> {
        const { assert!(V::FIELDS.len() <= MOST) };
        let (mut value, mut revision, mut marks) = (V::default(), None::<Revision>, None::<Marks>);
        let mut seen = [false; MOST];
        while let Some(Name(name)) = map.next_key()? {
            if self.is_facet && name == REVISION {
                once(&mut revision.is_some(), REVISION)?;
                revision = Some(map.next_value()?);
                continue;
            }
            if self.is_facet && name == MARKS {
                once(&mut marks.is_some(), MARKS)?;
                marks = Some(map.next_value()?);
                continue;
            }
            let mut known = V::FIELDS.iter().zip(&mut seen);
            if let Some((field, seen)) = known.find(|(field, _)| **field == name) {
                once(seen, field)?;
            }
            value.set(&name, &mut map)?;
        }
        let needed = V::FIELDS.iter().zip(seen).take(V::NEEDED);
        if let Some((missing, _)) = needed.into_iter().find(|(_, seen)| !seen) {
            return Err(A::Error::missing_field(missing));
        }
        match revision {
            None if self.is_facet => Err(A::Error::missing_field(REVISION)),
            revision => Ok(Facet {
                revision: revision.unwrap_or_default(),
                marks: marks.unwrap_or_default(),
                value,
            }),
        }
    }
}

fn once<E: Error>(seen: &mut bool, field: &'static str) -> Result<(), E> {
    match std::mem::replace(seen, true) {
        true => Err(E::duplicate_field(field)),
        false => Ok(()),
    }
}
